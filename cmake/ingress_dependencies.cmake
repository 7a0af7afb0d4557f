# Libraries of the distribution, each behind one target name.
if(INGRESS_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(OPENSSL_USE_STATIC_LIBS ON)
  set(Protobuf_USE_STATIC_LIBS ON)
endif()
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
if(INGRESS_STATIC)
  pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv-static)
  # Headers alone: what is not used of them is not there, and a cross build needs no package of them.
  find_path(SPDLOG_INCLUDE_DIR spdlog/spdlog.h REQUIRED)
  add_library(spdlog_headers INTERFACE)
  target_include_directories(spdlog_headers SYSTEM INTERFACE ${SPDLOG_INCLUDE_DIR})
  target_compile_definitions(spdlog_headers INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
  add_library(spdlog::spdlog ALIAS spdlog_headers)
else()
  pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
  find_package(spdlog REQUIRED)
  find_package(nlohmann_json REQUIRED)
  pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
  pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
endif()

# llhttp: libllhttp-dev where the distribution has it, else the C sources of Debian 12's node-llhttp.
pkg_check_modules(LLHTTP IMPORTED_TARGET libllhttp)
if(LLHTTP_FOUND)
  add_library(llhttp ALIAS PkgConfig::LLHTTP)
else()
  set(LLHTTP_SOURCES /usr/share/llhttp)
  add_library(llhttp STATIC ${LLHTTP_SOURCES}/api.c ${LLHTTP_SOURCES}/http.c ${LLHTTP_SOURCES}/llhttp.c)
  target_include_directories(llhttp SYSTEM PUBLIC /usr/share/include/llhttp)
  target_compile_definitions(llhttp PRIVATE LLHTTP_STRICT_MODE=1)
endif()

# vaes_gcm: AES-GCM by AVX-512 from libipsec-mb-dev, on x86-64 with an OpenSSL that has none of its own (before 3.2).
# Optional: without the library, or with -DINGRESS_VAES_GCM=OFF, OpenSSL's AES-GCM is used. The routines are in no public
# header, so linking them is tried; the archive gives just them, and nothing is to be installed beside our programs.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" AND OPENSSL_VERSION VERSION_LESS 3.2)
  find_path(IPSEC_MB_INCLUDE_DIR intel-ipsec-mb.h)
  find_library(IPSEC_MB_ARCHIVE NAMES libIPSec_MB.a)
endif()
if(IPSEC_MB_INCLUDE_DIR AND IPSEC_MB_ARCHIVE AND NOT DEFINED INGRESS_VAES_GCM)
  try_compile(INGRESS_VAES_GCM
    SOURCES ${CMAKE_SOURCE_DIR}/cmake/try_vaes_gcm.cc ${CMAKE_SOURCE_DIR}/common/tls/vaes_gcm.cc
    CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${CMAKE_SOURCE_DIR};${IPSEC_MB_INCLUDE_DIR}"
    LINK_LIBRARIES ${IPSEC_MB_ARCHIVE}
    CXX_STANDARD 20)
  message(STATUS "AES-GCM by ipsec-mb: ${INGRESS_VAES_GCM}")
endif()
if(INGRESS_VAES_GCM AND IPSEC_MB_ARCHIVE)
  add_library(vaes_gcm INTERFACE)
  target_include_directories(vaes_gcm SYSTEM INTERFACE ${IPSEC_MB_INCLUDE_DIR})
  target_link_libraries(vaes_gcm INTERFACE ${IPSEC_MB_ARCHIVE})
endif()

if(INGRESS_STATIC)
  include(ingress_lean_archives)
  ingress_lean_archives(OpenSSL::SSL OpenSSL::Crypto protobuf::libprotobuf-lite PkgConfig::UV PkgConfig::NGHTTP2
    PkgConfig::CARES)
  return()
endif()

# cjose: JSON Web Signatures and Keys. Its pkg-config file asks for libraries that its users need not have.
find_path(CJOSE_INCLUDE_DIR cjose/cjose.h REQUIRED)
find_library(CJOSE_LIBRARY cjose REQUIRED)
add_library(cjose INTERFACE)
target_include_directories(cjose SYSTEM INTERFACE ${CJOSE_INCLUDE_DIR})
target_link_libraries(cjose INTERFACE ${CJOSE_LIBRARY})
