#include "common/cli/settings.h"

#include <cstdlib>

#include "common/base/trim.h"

namespace ingress::cli {
namespace {

Values split_at_commas(std::string_view text) {
  Values values;
  while (true) {
    const size_t comma = text.find(',');
    values.emplace_back(trim_blanks(text.substr(0, comma)));
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string environment_name(std::string_view setting) {
  std::string name = "INGRESS_";
  for (const char c : setting) name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

std::optional<std::string> environment(std::string_view setting) {
  const std::string name = environment_name(setting);
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets variables
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

void Settings::add(Setting setting) { all_.push_back(std::move(setting)); }

void Settings::add_secret(const std::string& name, Secret& secret, const std::string& help) {
  secrets_.push_back({name, &secret});
  Setting setting{name + "-file", help + " (or the variable " + environment_name(name) + ")", false, false, {}, {}};
  Secret* const to = &secret;
  setting.apply = [to](const Values& values) -> std::optional<std::string> {
    to->file = values.front();
    return std::nullopt;
  };
  setting.show = [to] { return to->file.empty() && !to->value.empty() ? std::string("(environment)") : to->file; };
  add(std::move(setting));
}

const Setting* Settings::find(std::string_view name) const {
  for (const Setting& setting : all_) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::vector<std::string> Settings::names() const {
  std::vector<std::string> names;
  for (const Setting& setting : all_) names.push_back(setting.name);
  return names;
}

std::string Settings::in_file(const std::string& key, size_t line) const {
  return key + " in " + line_of(file_path_, line);
}

std::string Settings::place(const Setting& setting) const {
  if (setting.source == Source::kFlag) return "--" + setting.name;
  if (setting.source == Source::kEnvironment) return environment_name(setting.name);
  return in_file(setting.name, setting.line);
}

std::string Settings::with_place(std::string_view sentence) const {
  std::string told(sentence);
  if (!sentence.starts_with("--")) return told;
  const std::string_view name = sentence.substr(2, sentence.find_first_of(" :") - 2);
  const Setting* setting = find(name);
  if (setting == nullptr || setting->source == Source::kDefault || setting->source == Source::kFlag) return told;
  return told + " (" + place(*setting) + ")";
}

std::optional<std::string> Settings::check_keys(const FileSettings& file) const {
  for (const auto& [key, said] : file) {
    const Setting* setting = find(key);
    if (setting == nullptr) {
      const std::vector<std::string> known = names();
      const std::string_view near = nearest(key, known);
      std::string sentence = "unknown key " + in_file(key, said.line);
      if (!near.empty()) sentence.append("; did you mean ").append(near).append("?");
      return sentence;
    }
    if (!setting->repeated && said.values.size() != 1)
      return in_file(key, said.line) + ": one value is expected, not an array";
  }
  return std::nullopt;
}

std::optional<std::string> Settings::merge(const std::map<std::string, Values>& flags, const FileSettings& file,
                                           const std::string& file_path) {
  file_path_ = file_path;
  if (auto wrong = check_keys(file)) return wrong;
  for (Setting& setting : all_) {
    Values values;
    const auto key = file.find(setting.name);
    if (const auto flag = flags.find(setting.name); flag != flags.end()) {
      values = flag->second;
      setting.source = Source::kFlag;
    } else if (const auto variable = environment(setting.name)) {
      values = setting.repeated ? split_at_commas(*variable) : Values{*variable};
      setting.source = Source::kEnvironment;
    } else if (key != file.end()) {
      values = key->second.values;
      setting.source = Source::kFile;
      setting.line = key->second.line;
    } else {
      continue;
    }
    setting.replaces_file = key != file.end() && setting.source != Source::kFile;
    if (auto wrong = setting.apply(values)) return place(setting) + ": " + *wrong;
  }
  for (const NamedSecret& named : secrets_) {
    const auto variable = environment(named.name);
    if (!variable) continue;
    named.secret->value = *variable;
    // The environment is stronger than the TOML file, so its value beats a file name that came from there.
    const Setting* setting = find(named.name + "-file");
    if (setting->source == Source::kFile) named.secret->file.clear();
  }
  return std::nullopt;
}

}  // namespace ingress::cli
