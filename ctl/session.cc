#include "ctl/session.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "ctl/problem.h"

namespace ingress::ctl {
namespace {

// Rows of one answer.
constexpr long long kChangesPage = 1000;

bool matches(const Json& item, const Ask& ask) {
  return std::all_of(ask.where.begin(), ask.where.end(), [&item](const auto& wanted) {
    const auto found = item.find(wanted.first);
    return found != item.end() && *found == wanted.second;
  });
}

// Why no header can hold what was read; "" where one can.
std::string problem_of_token(const std::string& token) {
  if (token.find_first_of("\r\n") != std::string::npos) return "more than one line: a token is one";
  const bool control = std::any_of(token.begin(), token.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  return control ? "a control character: no token has one" : "";
}

std::string with_query(const std::string& path, const std::string& name, const std::string& value) {
  return path + (path.find('?') == std::string::npos ? "?" : "&") + name + "=" + percent_encoded(value);
}

}  // namespace

Outcome<AdminClient*> Session::client() {
  if (client_ != nullptr) return client_.get();
  if (!globals_.db.empty()) return wrong_usage("--db only reads, and only what is in the file: leave it out for this");
  Outcome<AdminAddress> address = parse_admin_address(globals_.admin);
  if (!address) return tl::unexpected(address.error());
  Outcome<std::string> shown = token();
  if (!shown) return tl::unexpected(shown.error());
  client_ = std::make_unique<AdminClient>(std::move(*address), std::move(*shown));
  return client_.get();
}

Outcome<std::string> Session::token() const {
  if (!globals_.token.given()) return std::string();
  const cli::Parsed<std::string> read = globals_.token.read();
  if (!read) return failed("the admin token: " + read.error());
  if (const std::string problem = problem_of_token(*read); !problem.empty()) {
    const std::string from = globals_.token.file.empty() ? "INGRESS_TOKEN" : globals_.token.file;
    return failed("the admin token: " + from + " holds " + problem);
  }
  return *read;
}

Outcome<bool> Session::connecting() {
  if (!globals_.db.empty()) return wrong_usage("--db only reads, and only what is in the file: leave it out for this");
  const Outcome<AdminAddress> address = parse_admin_address(globals_.admin);
  if (!address) return tl::unexpected(address.error());
  const Outcome<std::string> shown = token();
  if (!shown) return tl::unexpected(shown.error());
  address_ = *address;
  token_ = *shown;
  return true;
}

Outcome<std::unique_ptr<TcpWay>> Session::connect(const std::string& target) const {
  return TcpWay::open(address_, token_, target);
}

Outcome<Json> Session::change(const std::string& method, const std::string& path, const Json& body,
                              const std::string& if_match) {
  const Outcome<AdminClient*> to = client();
  if (!to) return tl::unexpected(to.error());
  return (*to)->ask(method, path, body, if_match);
}

Outcome<TaggedRecord> Session::get_tagged(const std::string& path) {
  const Outcome<AdminClient*> to = client();
  if (!to) return tl::unexpected(to.error());
  return (*to)->read(path);
}

Outcome<void> Session::follow(const std::string& path, const Interrupts& interrupts,
                              const AdminClient::OnEvent& on_event) {
  const Outcome<AdminClient*> to = client();
  if (!to) return tl::unexpected(to.error());
  return (*to)->follow(path, interrupts, on_event);
}

Outcome<Json> Session::items_of_file(const Ask& ask) {
  if (database_ == nullptr) {
    Outcome<std::unique_ptr<Database>> opened = Database::open(globals_.db);
    if (!opened) return tl::unexpected(opened.error());
    database_ = std::move(*opened);
  }
  Outcome<Json> items = database_->items(ask.noun);
  if (!items) return items;
  Json wanted = Json::array();
  for (Json& item : *items) {
    if (matches(item, ask)) wanted.push_back(std::move(item));
  }
  return wanted;
}

Outcome<Json> Session::list(const Ask& ask) {
  Json all = Json::array();
  const Outcome<bool> done = each(ask, [&all](Json item) { all.push_back(std::move(item)); });
  if (!done) return tl::unexpected(done.error());
  return all;
}

Outcome<bool> Session::each(const Ask& ask, const std::function<void(Json item)>& take) {
  if (!globals_.db.empty()) {
    Outcome<Json> items = items_of_file(ask);
    if (!items) return tl::unexpected(items.error());
    for (Json& item : *items) take(std::move(item));
    return true;
  }
  return pages(ask.path, [&take](Json page) {
    for (Json& item : page.at("items")) take(std::move(item));
  });
}

Outcome<Json> Session::get(const std::string& path) {
  Outcome<Json> answer = change("GET", path);
  if (answer && answer->empty()) return no_answer_of_the_api("the answer is empty");
  return answer;
}

Outcome<Json> Session::page(const std::string& path) {
  Outcome<Json> page = get(path);
  if (!page) return page;
  const auto items = page->find("items");
  const bool good = items != page->end() && items->is_array() &&
                    std::all_of(items->begin(), items->end(), [](const Json& item) { return item.is_object(); });
  if (!good) return no_answer_of_the_api("the answer is no list");
  return page;
}

Outcome<bool> Session::pages(const std::string& path, const std::function<void(Json page)>& take) {
  std::set<std::string> seen;
  std::string next = path;
  while (true) {
    Outcome<Json> page = this->page(next);
    if (!page) return tl::unexpected(page.error());
    const Json cursor = page->value("next", Json());
    take(std::move(*page));
    if (!cursor.is_string()) return true;
    if (!seen.insert(cursor.get<std::string>()).second) {
      return no_answer_of_the_api("the answer is a list without an end");
    }
    next = with_query(path, "cursor", cursor.get<std::string>());
  }
}

Outcome<RawAnswer> Session::send(const std::string& method, const std::string& path, const std::string& body,
                                 const char* content_type) {
  const Outcome<AdminClient*> to = client();
  if (!to) return tl::unexpected(to.error());
  return (*to)->send(method, path, body, content_type);
}

Outcome<Json> Session::one(const Ask& ask) {
  if (globals_.db.empty()) return get(ask.path);
  Outcome<Json> items = items_of_file(ask);
  if (!items) return items;
  if (items->empty()) {
    std::string what;
    for (const auto& [name, value] : ask.where) {
      what.append(what.empty() ? "" : ", ").append(name).append(" \"").append(value).append("\"");
    }
    return failed(globals_.db + " has none with " + what + " among its " + ask.noun);
  }
  return items->front();
}

Outcome<Json> Session::changes_of_file(std::optional<long long> since, long long limit) {
  Outcome<Json> items = items_of_file({"changes", "", {}});
  if (!items) return items;
  Json all = Json::array();
  for (Json& item : *items) {
    if (item["revision"].get<long long>() > since.value_or(0)) all.push_back(std::move(item));
  }
  const auto most = limit == 0 ? all.size() : std::min(all.size(), static_cast<size_t>(limit));
  const auto begin = static_cast<std::ptrdiff_t>(since ? 0 : all.size() - most);
  all.erase(all.begin() + begin + static_cast<std::ptrdiff_t>(most), all.end());
  all.erase(all.begin(), all.begin() + begin);
  return all;
}

Outcome<std::optional<long long>> Session::add_changes(const std::string& which, long long wanted, Json& all) {
  Outcome<Json> answer = page("/v1/changes?" + which + "&limit=" + std::to_string(wanted));
  if (!answer) return tl::unexpected(answer.error());
  Json& items = answer->at("items");
  const auto count = static_cast<long long>(items.size());
  for (Json& item : items) all.push_back(std::move(item));
  if (count < wanted) return std::nullopt;
  const Json next = answer->value("next", Json());
  if (!next.is_number_integer()) return no_answer_of_the_api("the answer is no list of changes");
  return std::optional(next.get<long long>());
}

// The API reads backwards, page by page.
Outcome<Json> Session::newest_changes(long long limit) {
  constexpr long long kBehindAll = 1LL << 53;
  Json all = Json::array();
  long long before = kBehindAll;
  while (true) {
    const long long wanted = std::min(kChangesPage, limit - static_cast<long long>(all.size()));
    const auto next = add_changes("before=" + std::to_string(before), wanted, all);
    if (!next) return tl::unexpected(next.error());
    if (!*next || static_cast<long long>(all.size()) >= limit) break;
    if (**next >= before) return no_answer_of_the_api("the answer is a list without an end");
    before = **next;
  }
  std::reverse(all.begin(), all.end());
  return all;
}

Outcome<Json> Session::changes(std::optional<long long> since, long long limit) {
  if (!globals_.db.empty()) return changes_of_file(since, limit);
  if (!since && limit > 0) return newest_changes(limit);
  Json all = Json::array();
  long long after = since.value_or(0);
  while (true) {
    const long long wanted =
        limit == 0 ? kChangesPage : std::min(kChangesPage, limit - static_cast<long long>(all.size()));
    const auto next = add_changes("since=" + std::to_string(after), wanted, all);
    if (!next) return tl::unexpected(next.error());
    if (!*next || (limit > 0 && static_cast<long long>(all.size()) >= limit)) return all;
    if (**next <= after) return no_answer_of_the_api("the answer is a list without an end");
    after = **next;
  }
}

}  // namespace ingress::ctl
