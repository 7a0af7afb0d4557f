// The settings of one program and where their values came from. Private to common/cli.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/cli/secret.h"
#include "common/cli/toml_file.h"

namespace ingress::cli {

enum class Source : uint8_t { kDefault, kFile, kEnvironment, kFlag };

using Values = std::vector<std::string>;

struct Setting {
  std::string name;
  std::string help;
  bool repeated = false;
  bool is_switch = false;
  // Takes the values over, or says what is wrong with them.
  std::function<std::optional<std::string>(const Values&)> apply;
  std::function<std::string()> show;
  Source source = Source::kDefault;
  size_t line = 0;             // of the file, where it is there
  bool replaces_file = false;  // the file has a value, too, and it is not the one that holds
};

class Settings {
 public:
  void add(Setting setting);
  void add_secret(const std::string& name, Secret& secret, const std::string& help);
  std::vector<Setting>& all() { return all_; }
  const std::vector<Setting>& all() const { return all_; }
  const Setting* find(std::string_view name) const;
  std::vector<std::string> names() const;

  // Merges the three sources (flags by name; a file's keys) and applies them; the sentence of the first thing wrong.
  std::optional<std::string> merge(const std::map<std::string, Values>& flags, const FileSettings& file,
                                   const std::string& file_path);
  // A sentence that begins with a setting (--NAME), and behind it where that was said, if not by the flag.
  std::string with_place(std::string_view sentence) const;

 private:
  struct NamedSecret {
    std::string name;
    Secret* secret;
  };
  std::optional<std::string> check_keys(const FileSettings& file) const;
  std::string in_file(const std::string& key, size_t line) const;
  std::string place(const Setting& setting) const;

  std::vector<Setting> all_;
  std::string file_path_;
  std::vector<NamedSecret> secrets_;
};

// "grace-period" → "INGRESS_GRACE_PERIOD".
std::string environment_name(std::string_view setting);
// The variable's value; one that is set to nothing counts as unset.
std::optional<std::string> environment(std::string_view setting);

}  // namespace ingress::cli
