#include "ctl/run.h"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "ctl/secret_file.h"
#include "tests/unit/temporary_folder.h"

namespace ingress::ctl {
namespace {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

Ran ran(std::vector<const char*> words) {
  words.insert(words.begin(), "ingressctl");
  std::ostringstream out;
  std::ostringstream err;
  const int code = run(static_cast<int>(words.size()), words.data(), "1.2.3", out, err);
  return {code, out.str(), err.str()};
}

// A variable of the environment, for a while.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    ::setenv(name, value, 1);  // NOLINT(concurrency-mt-unsafe): tests have one thread
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }  // NOLINT(concurrency-mt-unsafe)

 private:
  const char* name_;
};

// As broker/store makes it (schema version 1), with a row of each kind.
std::string database_in(const TemporaryFolder& folder) {
  std::string path = folder.file("routes.db");
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  const char* sql = R"sql(
    CREATE TABLE machines (id, alias, state, default_port, metadata, created_at, owner DEFAULT '', policy DEFAULT '{}', expires_at DEFAULT 0);
    CREATE TABLE tokens (machine, id, sha256, label, created_at);
    CREATE TABLE projects (slug, machine, default_port, suspended, policy, metadata, created_at, limits DEFAULT '{}',
                           wildcard_certificate DEFAULT 0);
    CREATE TABLE services (project, name, port, machine, policy);
    CREATE TABLE routes (id, external_id, metadata, created_at, owner DEFAULT '', expires_at DEFAULT 0);
    CREATE TABLE patterns (pattern, route, position, machine, project, service, port, policy, text DEFAULT '', machine_template DEFAULT '', project_template DEFAULT '');
    CREATE TABLE additions (level);
    INSERT INTO additions VALUES (3);
    CREATE TABLE domains (name, project, created_at);
    CREATE TABLE join_tokens (id, project, sha256, label, uses_left, created_at, expires_at);
    INSERT INTO join_tokens VALUES ('jt_1', '', 'SECRETHASH', '', 1, 0, 0), ('jt_2', '', 'SECRETHASH', '', -1, 0, 0);
    CREATE TABLE changes (revision, at, actor, operation, subject, before, after);
    INSERT INTO machines (id, alias, state, default_port, metadata, created_at) VALUES ('mach_1', 'mach-1', 'active', 3000, '{"a":1}', 1735689600);
    INSERT INTO tokens VALUES ('mach_1', 'tok_1', 'SECRETHASH', 'laptop', 0);
    INSERT INTO projects (slug, machine, default_port, suspended, policy, metadata, created_at) VALUES ('misha', 'mach_1', 3000, 1, '{"auth":"deny"}', '{}', 0), ('other', NULL, 1, 0, '{}', '{}', 0);
    INSERT INTO services VALUES ('misha', 'docs', 4000, NULL, '{}');
    INSERT INTO routes (id, external_id, metadata, created_at) VALUES ('rt_0', '', '{}', 0), ('rt_1', 'x', '{}', 0);
    INSERT INTO patterns (pattern, route, position, machine, project, service, port, policy) VALUES ('b.example.com', 'rt_1', 1, 'mach_1', NULL, '', 80, '{}'),
                                ('a.example.com', 'rt_1', 0, NULL, 'misha', 'docs', 0, '{}'),
                                ('c.example.com', 'rt_0', 0, 'mach_1', NULL, '', 0, '{}');
    INSERT INTO domains VALUES ('example.com', 'misha', 0);
    INSERT INTO changes VALUES (1, 1735689600007, 'unix', 'machine.create', 'mach_1', '', '{"id":"mach_1"}'),
                               (2, 0, 'unix', 'machine.update', 'mach_1', '{}', '{}');
    PRAGMA application_id = 1768843122;
    PRAGMA user_version = 1;)sql";
  char* problem = nullptr;
  CAPTURE(problem);
  REQUIRE(sqlite3_exec(database, sql, nullptr, nullptr, &problem) == SQLITE_OK);
  sqlite3_close(database);
  return path;
}

void run_sql(const std::string& db, const char* sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(db.c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

nlohmann::json listed(const std::string& db, std::vector<const char*> words) {
  words.insert(words.end(), {"--json", "--db", db.c_str()});
  const Ran result = ran(words);
  INFO(result.err);
  REQUIRE(result.code == 0);
  return nlohmann::json::parse(result.out);
}

TEST_CASE("version and help are answers, not errors") {
  CHECK(ran({"--version"}).out == "ingressctl 1.2.3\n");
  CHECK(ran({"--version"}).code == 0);
  const Ran help = ran({"machine", "create", "--help"});
  CHECK(help.code == 0);
  CHECK(help.err.empty());
  CHECK(help.out.find("Example:\n  ingressctl machine create") != std::string::npos);
}

TEST_CASE("help and version that cannot be written are a failure") {
  for (const char* flag : {"--version", "--help"}) {
    const std::vector<const char*> words = {"ingressctl", flag};
    std::ostringstream out;
    out.clear(std::ios::badbit);
    std::ostringstream err;
    CHECK(run(2, words.data(), "1.2.3", out, err) == 1);
    CHECK(err.str() == "ingressctl: cannot write the result\n");
  }
}

TEST_CASE("every command's help has an example") {
  const std::vector<std::vector<const char*>> commands = {{"machine"},
                                                          {"machine", "list"},
                                                          {"machine", "show"},
                                                          {"machine", "set"},
                                                          {"machine", "archive"},
                                                          {"machine", "delete"},
                                                          {"machine", "token"},
                                                          {"machine", "token", "create"},
                                                          {"machine", "token", "list"},
                                                          {"machine", "token", "revoke"},
                                                          {"machine", "attach"},
                                                          {"machine", "detach"},
                                                          {"project"},
                                                          {"project", "create"},
                                                          {"project", "list"},
                                                          {"project", "show"},
                                                          {"project", "set"},
                                                          {"project", "delete"},
                                                          {"service"},
                                                          {"service", "set"},
                                                          {"service", "list"},
                                                          {"service", "show"},
                                                          {"service", "delete"},
                                                          {"route"},
                                                          {"route", "create"},
                                                          {"route", "list"},
                                                          {"route", "show"},
                                                          {"route", "update"},
                                                          {"route", "delete"},
                                                          {"domain"},
                                                          {"domain", "add"},
                                                          {"domain", "list"},
                                                          {"domain", "remove"},
                                                          {"tunnel"},
                                                          {"tunnel", "list"},
                                                          {"tunnel", "show"},
                                                          {"tunnel", "close"},
                                                          {"db"},
                                                          {"db", "backup"},
                                                          {"db", "restore"},
                                                          {"db", "check"},
                                                          {"changes"},
                                                          {"why"},
                                                          {}};
  for (std::vector<const char*> words : commands) {
    words.push_back("--help");
    const Ran help = ran(words);
    CAPTURE(help.out);
    CHECK(help.code == 0);
    CHECK(help.out.find("Example:\n  ingressctl ") != std::string::npos);
  }
}

TEST_CASE("a typo is a usage error that names the nearest word") {
  const auto check = [](const std::vector<const char*>& words, const char* sentence) {
    const Ran result = ran(words);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(result.err.find(sentence) != std::string::npos);
  };
  check({"machin", "list"}, "unknown command 'machin'; did you mean 'machine'?");
  check({"machine", "lst"}, "unknown command 'lst'; did you mean 'list'?");
  check({"project", "crate", "x"}, "did you mean 'create'?\nTry 'ingressctl project --help'.");
  check({"--db", "f", "rout"}, "did you mean 'route'?");
  check({"machine", "create", "a", "--prot", "1"}, "unknown flag --prot; did you mean '--port'?");
  check({"machine", "list", "--jsn"}, "did you mean '--json'?");
  check({"machine", "list", "--amdin=unix:/x"}, "did you mean '--admin'?");
  check({"zzz"},
        "the commands are machine, project, service, route, token, domain, cert, broker, share, tunnel, loop, db, "
        "changes, tail, top, why, connect, completion, man");
  check({"machine"}, "which command? They are create, set");
  check({}, "which command? They are machine");
}

TEST_CASE("missing and bad values are usage errors") {
  CHECK(ran({"machine", "create"}).code == 2);
  CHECK(ran({"machine", "create", "a", "--port", "70000"}).code == 2);
  for (const char* port : {"x", "+80", "-80", "0x50", " 80", "80 ", "080", "0", "99999999999999999999"}) {
    CAPTURE(port);
    const Ran result = ran({"machine", "create", "a", "--port", port});
    CHECK(result.code == 2);
    CHECK(result.err.find("is not a port") != std::string::npos);
  }
  CHECK(ran({"changes", "--limit", "0x8"}).code == 2);
  CHECK(ran({"changes", "--limit", "010"}).code == 2);
  CHECK(ran({"machine", "create", "a", "--metadata", "[]"}).code == 2);
  CHECK(ran({"machine", "list", "extra"}).code == 2);
  CHECK(ran({"machine", "set", "a"}).code == 2);
  CHECK(ran({"machine", "token"}).code == 2);
  CHECK(ran({"route", "create", "a.example.com"}).code == 2);
  CHECK(ran({"route", "create", "a.example.com", "--machine", "m", "--project", "p"}).code == 2);
  CHECK(ran({"project", "create", "p", "--policy", "x"}).code == 2);
  CHECK(ran({"project", "set", "p", "--suspended", "maybe"}).code == 2);
  CHECK(ran({"changes", "--limit", "0"}).code == 2);
  CHECK(ran({"machine", "list", "--admin", "nowhere"}).code == 2);
}

TEST_CASE("a usage error is JSON for programs") {
  const Ran result = ran({"--json", "project", "crate", "x"});
  CHECK(result.code == 2);
  const nlohmann::json told = nlohmann::json::parse(result.err);
  CHECK(told["error"] == "unknown command 'crate'; did you mean 'create'?");
  CHECK(told["help"] == "ingressctl project --help");
  CHECK(nlohmann::json::parse(ran({"machine", "create", "a", "--port", "0", "--json"}).err).contains("error"));
  const Variable json("INGRESS_JSON", "1");
  CHECK(nlohmann::json::parse(ran({"zzz"}).err).contains("error"));
}

TEST_CASE("INGRESS_DB and INGRESS_JSON stand for their flags") {
  const TemporaryFolder folder;
  const std::string db = database_in(folder);
  const Variable file("INGRESS_DB", db.c_str());
  CHECK(ran({"machine", "list"}).out.starts_with("ID"));
  for (const char* yes : {"1", "true", "yes"}) {
    const Variable json("INGRESS_JSON", yes);
    CHECK(nlohmann::json::parse(ran({"machine", "list"}).out)[0]["id"] == "mach_1");
  }
  const Variable no("INGRESS_JSON", "0");
  CHECK(ran({"machine", "list"}).out.starts_with("ID"));
}

TEST_CASE("where an admin is named the file of INGRESS_DB is what db is about, and no more") {
  const TemporaryFolder folder;
  const std::string db = database_in(folder);
  const Variable file("INGRESS_DB", db.c_str());
  const Variable admin("INGRESS_ADMIN", "unix:/nonexistent/admin.sock");
  CHECK(ran({"machine", "list"}).err.find("is the broker running?") != std::string::npos);
  CHECK(ran({"db", "check"}).err.find("say which database") == std::string::npos);
  CHECK(ran({"machine", "list", "--db", db.c_str()}).code == 0);
}

TEST_CASE("a policy may be in a file, and what is refused of it is not repeated") {
  const TemporaryFolder folder;
  const std::string path = folder.file("policy");
  const std::string said = "@" + path;
  const auto created = [&said](const char* flag) {
    return ran({"project", "create", "p", flag, said.c_str(), "--admin", "unix:/nonexistent/admin.sock"});
  };
  for (const char* flag : {"--policy", "--auth"}) {
    CAPTURE(flag);
    CHECK(ran({"project", "create", "p", flag, "@/nonexistent"}).err.find("cannot read /nonexistent") !=
          std::string::npos);
    std::ofstream(path) << " \n";
    CHECK(created(flag).err.find("is empty") != std::string::npos);
    std::ofstream(path) << R"({"basic":{"users":{"alice":"open sesame"}})";
    const Ran broken = created(flag);
    CHECK(broken.code == 2);
    CHECK(broken.err.find("sesame") == std::string::npos);
    std::ofstream(path) << R"({"basic":{"users":{"alice":"open sesame"}}})"
                        << "\n";
    CHECK(created(flag).err.find("is the broker running?") != std::string::npos);
  }
}

TEST_CASE("a broker that is not there is exit 1 and a sentence with what to do") {
  const Ran result = ran({"machine", "list", "--admin", "unix:/nonexistent/admin.sock"});
  CHECK(result.code == 1);
  CHECK(result.err.find("is the broker running?") != std::string::npos);
  CHECK(result.err.find("--admin") != std::string::npos);
  const Ran json = ran({"machine", "list", "--admin", "unix:/nonexistent/admin.sock", "--json"});
  CHECK(nlohmann::json::parse(json.err)["code"] == "admin_unreachable");
  CHECK(ran({"machine", "list", "--admin", "127.0.0.1:1", "--token-file", "/nonexistent"})
            .err.find("cannot read /nonexistent") != std::string::npos);
}

TEST_CASE("a database file alone is listed as the broker lists it") {
  const TemporaryFolder folder;
  const std::string db = database_in(folder);
  CHECK(listed(db, {"machine", "list"}) ==
        nlohmann::json::parse(R"([{"id":"mach_1","state":"active","defaultPort":3000,"metadata":{"a":1},)"
                              R"("createdAt":"2025-01-01T00:00:00Z","owner":null,"policy":{},"expiresAt":null}])"));
  CHECK(listed(db, {"machine", "show", "mach_1"})["id"] == "mach_1");
  CHECK(listed(db, {"machine", "token", "list", "mach_1"})[0]["label"] == "laptop");
  CHECK(listed(db, {"machine", "token", "list", "mach_1"}).dump().find("SECRETHASH") == std::string::npos);
  CHECK(listed(db, {"machine", "token", "list", "other"}).empty());
  const nlohmann::json projects = listed(db, {"project", "list"});
  CHECK(projects[0]["suspended"] == true);
  CHECK(projects[0]["policy"]["auth"] == "deny");
  CHECK(projects[1]["machine"].is_null());
  CHECK(listed(db, {"project", "list", "--machine", "mach_1"}).size() == 1);
  CHECK(listed(db, {"service", "list", "misha"})[0]["port"] == 4000);
  CHECK(listed(db, {"domain", "list"})[0]["name"] == "example.com");
  const nlohmann::json routes = listed(db, {"route", "list"});
  REQUIRE(routes.size() == 2);
  CHECK(routes[0]["externalId"].is_null());
  CHECK(routes[0]["patterns"].size() == 1);
  CHECK(routes[1]["patterns"][0]["pattern"] == "a.example.com");
  CHECK(routes[1]["patterns"][0]["target"] == nlohmann::json{{"project", "misha"}, {"service", "docs"}});
  CHECK(routes[1]["patterns"][1]["target"] == nlohmann::json{{"machine", "mach_1"}, {"port", 80}});
  const nlohmann::json changes = listed(db, {"changes"});
  CHECK(changes[0]["at"] == "2025-01-01T00:00:00.007Z");
  CHECK(changes[0]["before"].is_null());
  CHECK(changes[0]["after"]["id"] == "mach_1");
  CHECK(listed(db, {"changes", "--since", "1"}).size() == 1);
  // The newest, unless it is said from where on.
  CHECK(listed(db, {"changes", "--limit", "1"})[0]["revision"] == 2);
  CHECK(listed(db, {"changes", "--since", "0", "--limit", "1"})[0]["revision"] == 1);
  CHECK(listed(db, {"changes", "--limit", "9"}) == changes);
}

TEST_CASE("a file's join tokens and patterns are written as the API writes them") {
  const TemporaryFolder folder;
  const std::string db = database_in(folder);
  const nlohmann::json tokens = listed(db, {"machine", "join-token", "list"});
  REQUIRE(tokens.size() == 2);
  CHECK(tokens[0]["usesLeft"] == 1);
  CHECK(tokens[1]["usesLeft"].is_null());
  run_sql(db, "UPDATE patterns SET pattern = 'c.example.com/a?b/?/?' WHERE route = 'rt_0'");
  CHECK(listed(db, {"route", "show", "rt_0"})["patterns"][0]["pattern"] == "c.example.com/a%3Fb/%3F/%3F");
  run_sql(db, "UPDATE patterns SET pattern = 'c.example.com/?/{}', text = 'c.example.com/?/{x}' WHERE route = 'rt_0'");
  CHECK(listed(db, {"route", "show", "rt_0"})["patterns"][0]["pattern"] == "c.example.com/%3F/{x}");
}

TEST_CASE("tables are for people") {
  const TemporaryFolder folder;
  const std::string db = database_in(folder);
  CHECK(ran({"route", "list", "--db", db.c_str()}).out ==
        "ID    PATTERN        TARGET                      POLICY  EXTERNAL ID\n"
        "rt_0  c.example.com  machine mach_1              {}      -\n"
        "rt_1  a.example.com  project misha service docs  {}      x\n"
        "rt_1  b.example.com  machine mach_1 port 80      {}      x\n");
}

TEST_CASE("a database file is never changed, and what it does not say is refused") {
  const TemporaryFolder folder;
  const std::string db = database_in(folder);
  CHECK(ran({"machine", "delete", "mach_1", "--db", db.c_str()}).code == 2);
  CHECK(ran({"tunnel", "list", "--db", db.c_str()}).code == 1);
  CHECK(ran({"machine", "show", "none", "--db", db.c_str()}).code == 1);
  CHECK(listed(db, {"machine", "list"}).size() == 1);
  CHECK(ran({"machine", "list", "--db", "/nonexistent/x.db"}).err.find("cannot open /nonexistent/x.db") !=
        std::string::npos);
  const std::string other = folder.file("other");
  std::ofstream(other) << "no database at all, but a text that is long enough";
  const Ran refused = ran({"machine", "list", "--db", other.c_str()});
  CHECK(refused.code == 1);
  CHECK(refused.out.empty());
}

TEST_CASE("a secret's file is its owner's alone, and nothing is left where it was not written") {
  const TemporaryFolder folder;
  const std::string path = folder.file("token");
  std::ofstream(path) << "old";
  {
    auto file = SecretFile::prepare(path);
    REQUIRE(file);
    REQUIRE(file->write("itk_x"));
  }
  std::ifstream in(path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  CHECK(text == "itk_x\n");
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  { REQUIRE(SecretFile::prepare(folder.file("unused"))); }
  CHECK(std::distance(std::filesystem::directory_iterator(folder.file("")), {}) == 1);
  CHECK_FALSE(SecretFile::prepare(folder.file("none/token")));
}

}  // namespace
}  // namespace ingress::ctl
