# Build options, warnings, sanitizers and ccache, for every target below.
option(INGRESS_TESTS "Build the unit tests, fuzz replays and bench programs" ON)
option(INGRESS_FUZZ "Build the libFuzzer targets (clang only)" OFF)
option(INGRESS_STATIC "Build the agent alone, as one file that needs no library of its host" OFF)
option(INGRESS_UNITY "Compile the sources of the folders that ask for it eight at a time" OFF)
set(INGRESS_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # What ccache asks for where precompiled headers are used: they hide __TIME__ and macros from it. Nothing here uses
  # __TIME__, and macros come by the command line, which it sees.
  # Clones of one machine share what was compiled.
  set(launcher env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# Every library here ends in a program, none in a shared object; and one kind of code shares precompiled headers.
add_compile_options(-fPIE)
if(INGRESS_STATIC)
  # As small as it gets: what nothing refers to is left out, and so are symbols.
  add_compile_definitions(INGRESS_STATIC)
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-static-pie -Wl,--gc-sections,-z,pack-relative-relocs,-z,noseparate-code,-s)
else()
  add_link_options(-pie)
endif()
set(CMAKE_CXX_FLAGS_MINSIZEREL "-Os -g0")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -g0")
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
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers>
  # clang-tidy's check of the same is a fifth of its time.
  $<$<CXX_COMPILER_ID:Clang>:-Wreserved-identifier>)

# ingress_unity(OUT SOURCE...): where most of a source's time goes into templates that its neighbours instantiate too (JSON),
# a folder's sources are compiled eight at a time, so what is local to a source has a name that its folder has once. OUT is
# what to compile in their place: files that include them by their path below the root, which the target's include path has
# to find. (CMake's own UNITY_BUILD names them from the root of the machine, so that no two clones share them in ccache.) The
# lint's presets (debug, clang) compile each by itself.
function(ingress_unity out)
  set(${out} ${ARGN} PARENT_SCOPE)
  if(NOT INGRESS_UNITY)
    return()
  endif()
  set(made)
  set(lines)
  set(count 0)
  foreach(source ${ARGN})
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${source})
    string(APPEND lines "#include \"${path}\"\n")
    math(EXPR count "${count} + 1")
    math(EXPR rest "${count} % 8")
    list(LENGTH ARGN all)
    if(rest EQUAL 0 OR count EQUAL all)
      list(LENGTH made number)
      get_filename_component(folder ${path} DIRECTORY)
      string(REPLACE "/" "_" name ${folder})
      file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/unity/${name}_${number}.cc CONTENT "${lines}" @ONLY)
      list(APPEND made ${CMAKE_BINARY_DIR}/unity/${name}_${number}.cc)
      set(lines)
    endif()
  endforeach()
  set(${out} ${made} PARENT_SCOPE)
endfunction()
