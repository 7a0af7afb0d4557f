#include "common/http/accept.h"

#include <algorithm>

#include "common/base/trim.h"
#include "common/http/chars.h"
#include "common/http/head.h"
#include "common/http/list.h"

namespace ingress::http {
namespace {

constexpr int kFullWeight = 1000;

// Thousandths; 0 for what is no weight.
int parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[1] != '.')) return 0;
  int weight = 0;
  int unit = kFullWeight;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 1) continue;
    if (!is(text[i], kDigitChar)) return 0;
    weight += (text[i] - '0') * unit;
    unit /= 10;
  }
  return std::min(weight, kFullWeight);
}

struct MediaRange {
  std::string_view type;
  int weight = kFullWeight;
};

MediaRange parse_range(std::string_view element) {
  size_t semicolon = element.find(';');
  MediaRange range{trim_blanks(element.substr(0, semicolon))};
  while (semicolon != std::string_view::npos) {
    element.remove_prefix(semicolon + 1);
    semicolon = element.find(';');
    const std::string_view parameter = trim_blanks(element.substr(0, semicolon));
    if (parameter.size() >= 2 && to_lower(parameter[0]) == 'q' && parameter[1] == '=') {
      range.weight = parse_weight(parameter.substr(2));
    }
  }
  return range;
}

// -1 where it does not stand there.
int weight_of(std::string_view accept, std::string_view type) {
  int weight = -1;
  ListElements elements(accept);
  std::string_view element;
  while (elements.next(element)) {
    const MediaRange range = parse_range(element);
    if (iequals(range.type, type)) weight = range.weight;
  }
  return weight;
}

}  // namespace

bool prefers_json(std::string_view accept) {
  const int json = weight_of(accept, "application/json");
  if (json <= 0) return false;
  for (const std::string_view text : {"text/plain", "text/*", "*/*"}) {
    if (const int weight = weight_of(accept, text); weight >= 0) return json >= weight;
  }
  return true;
}

bool prefers_html(std::string_view accept) {
  int html = -1, json = -1, application = -1, any = -1;
  ListElements elements(accept);
  std::string_view element;
  while (elements.next(element)) {
    const MediaRange range = parse_range(element);
    if (iequals(range.type, "text/html")) html = range.weight;
    if (iequals(range.type, "application/json")) json = range.weight;
    if (range.type == "application/*") application = range.weight;
    if (range.type == "*/*") any = range.weight;
  }
  if (html <= 0) return false;
  if (json >= 0) return html > json;
  return html >= (application >= 0 ? application : any);
}

}  // namespace ingress::http
