#include "broker/acme/order_program.h"

#include <algorithm>

namespace ingress::broker::acme {
namespace {

constexpr size_t kLongestReason = 600;

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

OrderProgram lego(const Settings& settings, const Wanted& wanted, const std::string& webroot) {
  OrderProgram order;
  const std::string folder = settings.dir + "/lego";
  std::vector<std::string>& argv = order.program.argv;
  argv = {settings.command, "--accept-tos", "--path", folder, "--server", settings.server, "--email", settings.email};
  for (const std::string& name : wanted.names) argv.insert(argv.end(), {"--domains", name});
  if (wanted.challenge == Challenge::kHttp01) {
    argv.insert(argv.end(), {"--http", "--http.webroot", webroot});
  } else {
    argv.insert(argv.end(), {"--dns", settings.dns});
    if (!settings.resolver.empty()) argv.insert(argv.end(), {"--dns.resolvers", settings.resolver});
  }
  argv.insert(argv.end(), settings.lego_options.begin(), settings.lego_options.end());
  argv.emplace_back("run");
  if (!settings.ca_file.empty()) order.program.more_environment.push_back("LEGO_CA_CERTIFICATES=" + settings.ca_file);
  return order;
}

OrderProgram hook(const Settings& settings, const Wanted& wanted, const std::string& webroot) {
  OrderProgram order;
  const std::string stem = settings.dir + "/hook/" + wanted.file_name();
  order.program.argv = {settings.hook};
  order.program.more_environment = {"INGRESS_ACME_NAME=" + wanted.name,
                                    "INGRESS_ACME_NAMES=" + joined(wanted.names),
                                    "INGRESS_ACME_CHALLENGE=" + std::string(name_of(wanted.challenge)),
                                    "INGRESS_ACME_CERT_FILE=" + stem + ".crt",
                                    "INGRESS_ACME_KEY_FILE=" + stem + ".key",
                                    "INGRESS_ACME_WEBROOT=" + webroot,
                                    "INGRESS_ACME_DIR=" + settings.dir,
                                    "INGRESS_ACME_SERVER=" + settings.server,
                                    "INGRESS_ACME_EMAIL=" + settings.email,
                                    "INGRESS_ACME_DNS=" + settings.dns,
                                    "INGRESS_ACME_CA_FILE=" + settings.ca_file};
  return order;
}

}  // namespace

std::string issued_crt_path(const Settings& settings, const Wanted& wanted) {
  const char* const folder = settings.hook.empty() ? "/lego/certificates/" : "/hook/";
  return settings.dir + folder + wanted.file_name() + ".crt";
}

OrderProgram order_program(const Settings& settings, const Wanted& wanted, const std::string& webroot,
                           const std::vector<std::string>& environment) {
  OrderProgram order = settings.hook.empty() ? lego(settings, wanted, webroot) : hook(settings, wanted, webroot);
  order.program.more_environment.insert(order.program.more_environment.end(), environment.begin(), environment.end());
  order.crt_path = issued_crt_path(settings, wanted);
  order.program.withheld = "INGRESS_";
  order.program.own_session = true;
  return order;
}

// lego ends with lines "error: one or more domains had a problem:" and what it was, or "Could not …".
std::string reason_in(std::string_view output) {
  std::vector<std::string> lines;
  std::string line;
  for (const char c : output) {
    if (c == '\n') {
      if (line.find_first_not_of(' ') != std::string::npos) lines.push_back(line);
      line.clear();
    } else if (c != '\r') {
      line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  if (line.find_first_not_of(' ') != std::string::npos) lines.push_back(line);
  const auto tells = [](const std::string& each) {
    return each.find("error") != std::string::npos || each.find("Could not") != std::string::npos;
  };
  const auto from_last = std::find_if(lines.rbegin(), lines.rend(), tells);
  const size_t first = from_last == lines.rend() ? lines.size() - std::min<size_t>(lines.size(), 1)
                                                 : lines.size() - 1 - static_cast<size_t>(from_last - lines.rbegin());
  std::string reason;
  for (size_t i = first; i < lines.size(); ++i) reason += (reason.empty() ? "" : " ") + lines[i];
  return reason.substr(0, kLongestReason);
}

}  // namespace ingress::broker::acme
