# Headers that nearly every source includes are compiled once a preset. A source still includes what it uses: the presets
# of the lint (debug, clang) and the fuzzers' have no precompiled headers and hold it to that.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled.cc CONTENT "")
  set(standard_headers
    <algorithm> <array> <atomic> <cassert> <charconv> <chrono> <cstdint> <cstring> <deque> <functional> <map> <memory>
    <mutex> <optional> <span> <string> <string_view> <tl/expected.hpp> <unordered_map> <unordered_set> <utility>
    <variant> <vector>)
  add_library(ingress_precompiled OBJECT ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(ingress_precompiled PRIVATE ingress_warnings)
  target_precompile_headers(ingress_precompiled PRIVATE ${standard_headers})
  if(TARGET nlohmann_json::nlohmann_json)
    add_library(ingress_precompiled_json OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cc)
    target_link_libraries(ingress_precompiled_json PRIVATE ingress_warnings nlohmann_json::nlohmann_json)
    target_precompile_headers(ingress_precompiled_json PRIVATE ${standard_headers} <nlohmann/json.hpp>)
  endif()
  # Tests are compiled without optimization: most of their code runs once, and making it fast took two thirds of their time.
  add_library(ingress_precompiled_tests OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/precompiled.cc)
  target_link_libraries(ingress_precompiled_tests PRIVATE ingress_warnings)
  target_compile_options(ingress_precompiled_tests PRIVATE -O0)
  target_precompile_headers(ingress_precompiled_tests PRIVATE ${standard_headers} <doctest/doctest.h>)
endif()

# ingress_precompiled(TARGET [json|tests]): `target` takes them, and with `json` the JSON library's too; with `tests` doctest's,
# and -O0. gcc forgets which
# precompiled code is the library's own and then warns of what it inlined from there; the lint's gcc build has these
# warnings.
function(ingress_precompiled target)
  if(TARGET ingress_precompiled)
    set(from ingress_precompiled)
    if(ARGN)
      set(from ingress_precompiled_${ARGN})
    endif()
    target_precompile_headers(${target} REUSE_FROM ${from})
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-array-bounds -Wno-stringop-overflow
      -Wno-stringop-overread -Wno-restrict -Wno-maybe-uninitialized>)
    if("tests" IN_LIST ARGN)
      target_compile_options(${target} PRIVATE -O0)
    endif()
  endif()
endfunction()
