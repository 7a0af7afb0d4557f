#include "common/cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "common/base/log.h"
#include "common/cli/help_format.h"
#include "common/cli/settings.h"
#include "common/cli/toml_file.h"

namespace ingress::cli {
namespace {

using Wrong = std::optional<std::string>;

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : separator).append(word);
  return text;
}

// Takes what a parser made of the one value, or hands its sentence on.
template <class T, class Target>
Wrong take(Parsed<T> parsed, Target& to) {
  if (!parsed) return parsed.error();
  to = static_cast<Target>(*parsed);
  return std::nullopt;
}

std::string_view word_of(Source source) {
  constexpr std::string_view kWords[] = {"default", "file", "environment", "flag"};
  return kWords[static_cast<size_t>(source)];
}

}  // namespace

struct Program::Impl {
  explicit Impl(std::string program_name, std::string description)
      : name(std::move(program_name)), app(std::move(description), name) {}

  std::string name;
  CLI::App app;
  std::string example;
  Settings settings;
  std::vector<std::string> commands;
  std::string config_path;
  std::string log_format = "text";
  std::string log_level = "info";
  std::ostream* out = &std::cout;
  std::ostream* err = &std::cerr;

  void declare_flags();
  Choice usage(const std::string& sentence) const;
  Choice unknown_word(const std::vector<std::string>& extras) const;
  std::map<std::string, Values> flags_given() const;
  Wrong read_settings();
  int printed() const;
};

Program::Program(std::string name, std::string version, std::string description)
    : impl_(std::make_unique<Impl>(std::move(name), std::move(description))) {
  impl_->app.formatter(help_format());
  impl_->app.set_help_flag("-h,--help", "Print this and exit");
  impl_->app.set_version_flag("--version", impl_->name + " " + std::move(version), "Print the version and exit");
  option("config", impl_->config_path, "TOML file with any of these settings");
  choice("log-format", impl_->log_format, {"text", "json"}, "How log lines on stderr look: text or json");
  choice("log-level", impl_->log_level, {"debug", "info", "warn", "error"}, "Least level: debug, info, warn or error");
}

Program::~Program() = default;

void Program::command(const std::string& name, const std::string& help) {
  CLI::App* command = impl_->app.add_subcommand(name, help);
  command->fallthrough();
  command->set_help_flag();
  impl_->commands.push_back(name);
}

void Program::quiet_by_default() { impl_->log_level = "warn"; }

void Program::example(const std::string& text) { impl_->example = text; }

void Program::option(const std::string& name, std::string& value, const std::string& help) {
  std::string* const to = &value;
  impl_->settings.add({name, help, false, false,
                       [to](const Values& values) -> Wrong {
                         *to = values.front();
                         return std::nullopt;
                       },
                       [to] { return *to; }});
}

void Program::option(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  std::vector<std::string>* const to = &values;
  impl_->settings.add({name, help, true, false,
                       [to](const Values& given_values) -> Wrong {
                         *to = given_values;
                         return std::nullopt;
                       },
                       [to] { return joined(*to, ", "); }});
}

void Program::option(const std::string& name, int& value, const std::string& help, int least, int most) {
  int* const to = &value;
  impl_->settings.add({name, help, false, false,
                       [to, least, most](const Values& values) -> Wrong {
                         const auto number = parse_integer(values.front());
                         if (!number) return number.error();
                         if (*number < least || *number > most) {
                           return values.front() + " is not between " + std::to_string(least) + " and " +
                                  std::to_string(most);
                         }
                         *to = static_cast<int>(*number);
                         return std::nullopt;
                       },
                       [to] { return std::to_string(*to); }});
}

void Program::option(const std::string& name, Duration& value, const std::string& help) {
  Duration* const to = &value;
  impl_->settings.add({name, help, false, false,
                       [to](const Values& values) { return take(parse_duration(values.front()), *to); },
                       [to] { return duration_text(*to); }});
}

void Program::option(const std::string& name, bool& value, const std::string& help) {
  bool* const to = &value;
  impl_->settings.add({name, help, false, true,
                       [to](const Values& values) { return take(parse_bool(values.front()), *to); },
                       [to] { return std::string(*to ? "true" : "false"); }});
}

void Program::size(const std::string& name, uint64_t& bytes, const std::string& help) {
  uint64_t* const to = &bytes;
  impl_->settings.add({name, help, false, false,
                       [to](const Values& values) { return take(parse_size(values.front()), *to); },
                       [to] { return std::to_string(*to); }});
}

void Program::choice(const std::string& name, std::string& value, std::vector<std::string> words,
                     const std::string& help) {
  std::string* const to = &value;
  impl_->settings.add({name, help, false, false,
                       [to, words = std::move(words)](const Values& values) -> Wrong {
                         if (std::find(words.begin(), words.end(), values.front()) == words.end()) {
                           return "'" + values.front() + "' is not one of " + joined(words, ", ");
                         }
                         *to = values.front();
                         return std::nullopt;
                       },
                       [to] { return *to; }});
}

void Program::secret(const std::string& name, Secret& secret, const std::string& help) {
  impl_->settings.add_secret(name, secret, help);
}

void Program::Impl::declare_flags() {
  for (const Setting& setting : settings.all()) {
    const std::string shown = setting.is_switch ? "" : setting.show();
    const std::string help = shown.empty() ? setting.help : setting.help + " [" + shown + "]";
    if (setting.is_switch) {
      app.add_flag("--" + setting.name, help)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      continue;
    }
    CLI::Option* flag = app.add_option("--" + setting.name, CLI::callback_t{}, help);
    flag->expected(1)->allow_extra_args(false)->option_text(" ");
    // Of a flag that is given twice the last one counts: scripts append to what others wrote.
    flag->multi_option_policy(setting.repeated ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
  }
  app.footer(
      "Every setting is also an environment variable (--grace-period: INGRESS_GRACE_PERIOD) and a key of the TOML "
      "file that --config names (grace-period = \"30s\"). A flag wins over the environment, the environment over the "
      "file. Secrets come by file or environment only.\n" +
      (example.empty() ? "" : "\nExample:\n  " + example));
}

Choice Program::Impl::usage(const std::string& sentence) const {
  *err << name << ": " << sentence << "\n"
       << "Try '" << name << " --help'.\n";
  return {"", kExitUsage};
}

Choice Program::Impl::unknown_word(const std::vector<std::string>& extras) const {
  const auto is_flag = [](const std::string& word) { return word.size() > 1 && word.front() == '-'; };
  const auto flag = std::find_if(extras.begin(), extras.end(), is_flag);
  if (flag != extras.end()) {
    const std::string typed = flag->substr(0, flag->find('='));
    std::vector<std::string> known = {"--help", "--version"};
    for (const std::string& setting : settings.names()) known.push_back("--" + setting);
    const std::string_view near = nearest(typed, known);
    return usage("unknown flag " + typed + (near.empty() ? "" : "; did you mean " + std::string(near) + "?"));
  }
  const std::string typed = extras.empty() ? "" : extras.front();
  if (!app.get_subcommands().empty()) return usage("unexpected argument '" + typed + "'");
  const std::string_view near = nearest(typed, commands);
  return usage(
      "unknown command '" + typed + "'" +
      (near.empty() ? "; the commands are " + joined(commands, ", ") : "; did you mean '" + std::string(near) + "'?"));
}

std::map<std::string, Values> Program::Impl::flags_given() const {
  std::map<std::string, Values> flags;
  for (const Setting& setting : settings.all()) {
    const CLI::Option* flag = app.get_option("--" + setting.name);
    if (flag->count() == 0) continue;
    flags[setting.name] = setting.repeated ? flag->results() : Values{flag->results().back()};
  }
  return flags;
}

Wrong Program::Impl::read_settings() {
  const std::map<std::string, Values> flags = flags_given();
  std::string path;
  if (const auto flag = flags.find("config"); flag != flags.end()) {
    path = flag->second.back();
  } else if (const auto variable = environment("config")) {
    path = *variable;
  }
  FileSettings file;
  if (!path.empty()) {
    auto read = read_toml(path);
    if (!read) return read.error();
    file = std::move(*read);
    if (const auto other = file.find("config"); other != file.end()) {
      return "config in " + line_of(path, other->second.line) + ": a file does not name another";
    }
  }
  return settings.merge(flags, file, path);
}

// The exit code of who asked for nothing but what was printed.
int Program::Impl::printed() const {
  out->flush();
  if (*out) return kExitGood;
  *err << name << ": cannot write the result\n";
  return kExitFailed;
}

Choice Program::run(int argc, const char* const* argv) {
  Choice choice = read(argc, argv);
  if (choice.exit_code) return choice;
  set_up_log();
  tell_replaced();
  return choice;
}

void Program::set_up_log() const {
  log_setup(*parse_log_format(impl_->log_format), *parse_log_level(impl_->log_level));
}

Choice Program::read(int argc, const char* const* argv) {
  Impl& impl = *impl_;
  impl.declare_flags();
  try {
    impl.app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    // Not app.help(): that shows the chosen command, and all settings belong to the program.
    *impl.out << impl.app.get_formatter()->make_help(&impl.app, impl.name, CLI::AppFormatMode::Normal);
    return {"", impl.printed()};
  } catch (const CLI::CallForVersion& version) {
    *impl.out << version.what() << "\n";
    return {"", impl.printed()};
  } catch (const CLI::ExtrasError&) {
    return impl.unknown_word(impl.app.remaining(true));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();  // "--park: ...": its own wording is no sentence
    return impl.usage(text.substr(0, text.find(':')) + " needs a value");
  } catch (const CLI::ParseError& error) {
    return impl.usage(error.what());
  }
  const std::vector<CLI::App*> chosen = impl.app.get_subcommands();
  if (chosen.empty()) return impl.usage("say what to do: " + joined(impl.commands, " or "));
  if (chosen.size() > 1)
    return impl.usage("one command at a time, not " + chosen[0]->get_name() + " and " + chosen[1]->get_name());
  if (const Wrong wrong = impl.read_settings()) return {"", refuse(*wrong)};
  return {chosen.front()->get_name(), std::nullopt};
}

bool Program::given(std::string_view name) const {
  const Setting* setting = impl_->settings.find(name);
  return setting != nullptr && setting->source != Source::kDefault;
}

bool Program::by_environment(std::string_view name) const {
  const Setting* setting = impl_->settings.find(name);
  return setting != nullptr && setting->source == Source::kEnvironment;
}

void Program::tell_replaced() const {
  for (const Setting& setting : impl_->settings.all()) {
    if (!setting.repeated || !setting.replaces_file || setting.source != Source::kEnvironment) continue;
    log_warn("setting_replaced", {{"setting", setting.name},
                                  {"by", environment_name(setting.name)},
                                  {"reason", "the list of the file is not used: a variable takes its place"}});
  }
}

std::string Program::with_place(std::string_view sentence) const { return impl_->settings.with_place(sentence); }

int Program::refuse(std::string_view sentence) const {
  *impl_->err << impl_->name << ": " << with_place(sentence) << "\n";
  return kExitBadConfig;
}

int Program::print_valid() const {
  *impl_->out << "the configuration is valid\n";
  for (const Setting& setting : impl_->settings.all()) {
    const std::string value = setting.show();
    if (setting.source == Source::kDefault && value.empty()) continue;
    *impl_->out << "  " << setting.name << " = " << value << "  (" << word_of(setting.source) << ")\n";
  }
  return kExitGood;
}

void Program::set_output(std::ostream& out, std::ostream& err) {
  impl_->out = &out;
  impl_->err = &err;
}

}  // namespace ingress::cli
