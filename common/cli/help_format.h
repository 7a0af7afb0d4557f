// How --help looks: CLI11's form, in lines of 80 columns. (Only its source knows CLI11: it takes seconds to compile.)
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace CLI {
class FormatterBase;
}

namespace ingress::cli {

// To be given to an App before its commands are added, which take it over.
std::shared_ptr<CLI::FormatterBase> help_format();

// Each line of `text` in lines of up to `columns`, broken at blanks. A line that begins with blanks is a command: it is
// broken outside of quotes alone, and goes on behind a backslash. What no blank divides stays whole.
std::string wrapped(std::string_view text, size_t columns);

}  // namespace ingress::cli
