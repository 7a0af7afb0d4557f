# Headers of the standard library that nearly every source includes are compiled once a preset. A source still includes
# what it uses: the presets of the lint (debug, clang) and the fuzzers' have no precompiled headers and hold it to that.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "")
  add_library(ingress_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(ingress_precompiled PRIVATE ingress_warnings)
  target_precompile_headers(ingress_precompiled PRIVATE
    <algorithm> <array> <cassert> <charconv> <cstdint> <cstring> <functional> <memory> <optional> <string> <string_view>
    <tl/expected.hpp> <unordered_map> <utility> <vector>)
endif()

# ingress_precompiled(TARGET): `target` takes them. gcc forgets which precompiled code is the library's own and then
# warns of what it inlined from there; the lint's gcc build has these warnings.
function(ingress_precompiled target)
  if(TARGET ingress_precompiled)
    target_precompile_headers(${target} REUSE_FROM ingress_precompiled)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-array-bounds -Wno-stringop-overflow
      -Wno-stringop-overread -Wno-restrict -Wno-maybe-uninitialized>)
  endif()
endfunction()
