#include "ctl/command.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <system_error>
#include <utility>

#include "ctl/shell.h"
#include "ctl/text_source.h"

namespace ingress::ctl {
namespace {

// Digits without a zero before them: CLI11 takes 010 and 0x8 for 8, and passes over signs and spaces.
bool is_plain_number(const std::string& text) {
  return text == "0" ||
         (!text.empty() && text.front() != '0' && text.find_first_not_of("0123456789") == std::string::npos);
}

// What CLI11 says of a number out of range names the range's ends, of hundreds of digits.
CLI::Validator whole_number_from(long long least) {
  return CLI::Validator(
      [least](const std::string& text) {
        long long value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool good =
            is_plain_number(text) && error == std::errc{} && end == text.data() + text.size() && value >= least;
        return good ? std::string() : "'" + text + "' is not a whole number from " + std::to_string(least) + " up";
      },
      "");
}

CLI::Validator port_number() {
  constexpr int kMostPort = 65535;
  return CLI::Validator(
      [](const std::string& text) {
        int value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool good = is_plain_number(text) && error == std::errc{} && value >= 1 && value <= kMostPort;
        return good ? std::string() : "'" + text + "' is not a port, 1 to " + std::to_string(kMostPort);
      },
      "");
}

CLI::Validator text_source() {
  return CLI::Validator(
      [](std::string& said) {
        Outcome<std::string> text = text_of(said);
        if (!text) return text.error().sentence;
        said = std::move(*text);
        return std::string();
      },
      "");
}

Command add(Command parent, const std::string& name, const std::string& help, const std::string& example) {
  CLI::App* app = parent.app().add_subcommand(name, help);
  app->fallthrough();
  app->footer("Example:\n  " + example);
  return Command(*app);
}

}  // namespace

Command Command::word(const char* name, std::string& value, const char* help, const char* shown) {
  app_->add_option(name, value, help)->required()->option_text(shown);
  return *this;
}

Command Command::optional_word(const char* name, std::string& value, const char* help, const char* shown) {
  app_->add_option(name, value, help)->option_text(shown);
  return *this;
}

Command Command::words(const char* name, std::vector<std::string>& values, const char* help, const char* shown) {
  app_->add_option(name, values, help)->required()->option_text(shown);
  return *this;
}

Command Command::optional_words(const char* name, std::vector<std::string>& values, const char* help,
                                const char* shown) {
  app_->add_option(name, values, help)->option_text(shown);
  return *this;
}

Command Command::option(const char* name, std::string& value, const char* help, const char* shown) {
  return optional_word(name, value, help, shown);
}

Command Command::text_option(const char* name, std::string& value, const char* help, const char* shown) {
  app_->add_option(name, value, help)->transform(text_source())->option_text(shown);
  return *this;
}

Command Command::options(const char* name, std::vector<std::string>& values, const char* help, const char* shown) {
  app_->add_option(name, values, help)->allow_extra_args(false)->option_text(shown);
  return *this;
}

Command Command::required_option(const char* name, std::string& value, const char* help, const char* shown) {
  return word(name, value, help, shown);
}

Command Command::choice(const char* name, std::string& value, const std::vector<std::string>& good, const char* help,
                        const char* shown) {
  app_->add_option(name, value, help)->check(CLI::IsMember(good))->option_text(shown);
  return *this;
}

Command Command::known_words(const char* name, std::string& value, const std::vector<std::string>& known,
                             const char* help, const char* shown) {
  std::string listed;  // as a membership describes itself
  for (const std::string& word : known) listed += (listed.empty() ? "{" : ",") + word;
  app_->add_option(name, value, help)->type_name(listed + "}")->option_text(shown);
  return *this;
}

Command Command::choice_word(const char* name, std::string& value, const std::vector<std::string>& good,
                             const char* help, const char* shown) {
  app_->add_option(name, value, help)->required()->check(CLI::IsMember(good))->option_text(shown);
  return *this;
}

Command Command::number(const char* name, long long& value, long long least, const char* help, const char* shown) {
  app_->add_option(name, value, help)->check(whole_number_from(least))->option_text(shown);
  return *this;
}

Command Command::port(const char* name, int& value, const char* help) {
  app_->add_option(name, value, help)->check(port_number())->option_text("PORT");
  return *this;
}

Command Command::flag(const char* name, bool& value, const char* help) {
  app_->add_flag(name, value, help);
  return *this;
}

bool Command::said(const char* name) const { return app_->count(name) > 0; }

void Command::let_command_follow() { app_->require_subcommand(0, 1); }

Command Shell::group(Command parent, const std::string& name, const std::string& help, const std::string& example) {
  const Command command = add(parent, name, help, example);
  command.app().require_subcommand(1);
  return command;
}

Command Shell::command(Command parent, const std::string& name, const std::string& help, const std::string& example,
                       Action action) {
  const Command command = add(parent, name, help, example);
  CLI::App* app = &command.app();
  app->callback([this, app, action = std::move(action)] {
    if (app->get_subcommands().empty()) chosen = action;
  });
  return command;
}

}  // namespace ingress::ctl
