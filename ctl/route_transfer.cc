#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "ctl/new_file.h"
#include "ctl/nouns.h"
#include "ctl/problem.h"

namespace ingress::ctl {
namespace {

// At a time: the broker takes more, but others wait for the end of a chunk.
constexpr size_t kMaxLines = 500;
constexpr size_t kMaxBytes = size_t{900} * 1024;

struct TransferFlags {
  std::string file;
  std::string on_conflict;
  std::string owner;
};

// A file's lines, sent by the hundred: each of these is one transaction, and others have their turn between them.
class Import {
 public:
  Import(Shell& shell, const TransferFlags& flags) : shell_(shell), flags_(flags) {
    if (!flags.on_conflict.empty()) path_ += "?onConflict=" + flags.on_conflict;
  }

  Outcome<size_t> run(std::istream& in) {
    std::string line;
    for (size_t number = 1; std::getline(in, line); ++number) {
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      if (numbers_.size() == kMaxLines || (!numbers_.empty() && chunk_.size() + line.size() > kMaxBytes)) {
        if (const Outcome<bool> sent = send(); !sent) return tl::unexpected(sent.error());
      }
      chunk_ += line;
      chunk_ += '\n';
      numbers_.push_back(number);
    }
    if (in.bad()) return failed("cannot read " + flags_.file);
    if (const Outcome<bool> sent = send(); !sent) return tl::unexpected(sent.error());
    return imported_;
  }

 private:
  Outcome<bool> send() {
    if (numbers_.empty()) return true;
    const Outcome<RawAnswer> answer = shell_.session.send("POST", path_, chunk_, "application/x-ndjson");
    if (!answer) return tl::unexpected(answer.error());
    const Outcome<Json> read = read_answer(answer->status, answer->body);
    if (!read) return tl::unexpected(place(read.error(), answer->body));
    imported_ += read->at("imported").get<size_t>();
    numbers_.clear();
    chunk_.clear();
    return true;
  }
  // The sentence, with the line of the file that it is about.
  Failure place(Failure failure, const std::string& body) const {
    const Json problem = read_json(body);
    const Json line = problem.is_object() ? problem.value("line", Json()) : Json();
    const size_t count = line.is_number_unsigned() ? line.get<size_t>() : 0;
    if (count > 0 && count <= numbers_.size()) {
      failure.sentence = flags_.file + ", line " + std::to_string(numbers_[count - 1]) + ": " + failure.sentence;
    }
    failure.sentence += "; " + std::to_string(imported_) + " routes were imported before";
    return failure;
  }

  Shell& shell_;
  const TransferFlags& flags_;
  std::string path_ = "/v1/routes/import";
  std::string chunk_;
  std::vector<size_t> numbers_;  // of the chunk's lines, in the file; lines that are blank are in no chunk
  size_t imported_ = 0;
};

Outcome<int> import(Shell& shell, const TransferFlags& flags) {
  std::ifstream file;
  if (flags.file != "-") {
    errno = 0;
    file.open(flags.file, std::ios::binary);
    // The first read says of a directory that it is one.
    if (file) file.peek();
    if (!file.is_open() || file.bad()) return failed("cannot read " + flags.file + because(errno));
    file.clear();
  }
  const Outcome<size_t> count = Import(shell, flags).run(flags.file == "-" ? std::cin : file);
  if (!count) return tl::unexpected(count.error());
  if (shell.globals.json) {
    shell.print_json(Json{{"imported", *count}});
  } else {
    shell.out() << *count << " routes imported\n";
  }
  return cli::kExitGood;
}

// What the import takes: without what the broker adds.
void print_line(Shell& shell, Json route) {
  route.erase("hosts");
  route.erase("urls");
  shell.out() << route.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

Outcome<int> export_all(Shell& shell, const TransferFlags& flags) {
  Ask ask{"routes", "/v1/routes?limit=1000", {}};
  if (!flags.owner.empty()) {
    ask.path += "&owner=" + percent_encoded(flags.owner);
    ask.where.emplace_back("owner", flags.owner);
  }
  const Outcome<bool> done = shell.session.each(ask, [&shell](Json route) { print_line(shell, std::move(route)); });
  if (!done) return tl::unexpected(done.error());
  return cli::kExitGood;
}

}  // namespace

void add_route_transfer(Command route, Shell& shell) {
  const auto imported = std::make_shared<TransferFlags>();
  Command command = shell.command(route, "import", "Make routes, one a line as JSON: what route export prints",
                                  "ingressctl route import routes.ndjson --on-conflict overwrite",
                                  [&shell, imported] { return import(shell, *imported); });
  command.word("file", imported->file, "The file, - for standard input", "FILE");
  command.choice("--on-conflict", imported->on_conflict, {"fail", "overwrite"},
                 "Where a route of that id is there, or another has a pattern: fail [default] or overwrite", "HOW");

  const auto exported = std::make_shared<TransferFlags>();
  shell
      .command(route, "export", "Print all routes, one a line as JSON", "ingressctl route export > routes.ndjson",
               [&shell, exported] { return export_all(shell, *exported); })
      .option("--owner", exported->owner, "Only those that belong to this project", "PROJECT");
}

}  // namespace ingress::ctl
