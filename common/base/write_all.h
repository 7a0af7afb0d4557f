// Writing a descriptor of a file. Thread: any.
#pragma once

#include <string_view>

namespace ingress {

// All of `text`, where it takes several writes, too; false, with errno, where one fails. For descriptors that block.
bool write_all(int descriptor, std::string_view text);

}  // namespace ingress
