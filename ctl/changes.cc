#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <string>
#include <system_error>

#include "ctl/nouns.h"

namespace ingress::ctl {
namespace {

struct ChangesFlags {
  long long since = 0;
  long long limit = 0;
};

// What CLI11 says of a number out of range names the range's ends, of hundreds of digits.
CLI::Validator whole_number_from(long long least) {
  return CLI::Validator(
      [least](const std::string& text) {
        long long value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool good = error == std::errc{} && end == text.data() + text.size() && value >= least;
        return good ? std::string() : "'" + text + "' is not a whole number from " + std::to_string(least) + " up";
      },
      "");
}

}  // namespace

void add_changes(CLI::App& app, Shell& shell) {
  const auto flags = std::make_shared<ChangesFlags>();
  CLI::App* command = shell.command(app, "changes", "Who changed what, oldest first",
                                    "ingressctl changes --since 120 --limit 20", [&shell, flags] {
                                      return shell.show_list({{"REVISION", "revision"},
                                                              {"AT", "at"},
                                                              {"ACTOR", "actor"},
                                                              {"OPERATION", "operation"},
                                                              {"SUBJECT", "subject"}},
                                                             shell.session.changes(flags->since, flags->limit));
                                    });
  command->add_option("--since", flags->since, "Only after this revision")
      ->check(whole_number_from(0))
      ->option_text("REVISION");
  command->add_option("--limit", flags->limit, "At most so many")->check(whole_number_from(1))->option_text("COUNT");
}

}  // namespace ingress::ctl
