# Build options, warnings, sanitizers and ccache, for every target below.
option(INGRESS_TESTS "Build the unit tests, fuzz replays and bench programs" ON)
option(INGRESS_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(INGRESS_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1")

if(INGRESS_SANITIZE)
  add_compile_options(-fsanitize=${INGRESS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${INGRESS_SANITIZE})
endif()
if(INGRESS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# What every target of ours is compiled with; third-party sources are not.
add_library(ingress_warnings INTERFACE)
target_compile_options(ingress_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers>)
