// In a program that takes no library of its host, these calls would look for the host's: its name services and modules,
// built for another libc. Libraries that are linked in have such calls; whoever makes one is told "no". What stands
// here is found before the C library's own. (Names are looked up by c-ares: common/uv/name_lookup_cares.cc.)
#include <dlfcn.h>
#include <netdb.h>
#include <pwd.h>

#include <cerrno>
#include <cstdlib>

extern "C" {

int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) { return EAI_FAIL; }
void freeaddrinfo(addrinfo*) {}
const char* gai_strerror(int) { return "no name service"; }
int getnameinfo(const sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int) { return EAI_FAIL; }
hostent* gethostbyname(const char*) { return nullptr; }
servent* getservbyname(const char*, const char*) { return nullptr; }
int getservbyport_r(int, const char*, servent*, char*, size_t, servent** found) {
  *found = nullptr;
  return ENOENT;
}
int getpwuid_r(uid_t, passwd*, char*, size_t, passwd** found) {
  *found = nullptr;
  return ENOENT;
}

void* dlopen(const char*, int) { return nullptr; }
void* dlsym(void*, const char*) { return nullptr; }
int dlclose(void*) { return 0; }
char* dlerror() {
  static char text[] = "no modules";
  return text;
}
int dladdr(const void*, Dl_info*) { return 0; }

// OpenSSL's engines, and its ciphers by their old names: nothing here asks for either, and nothing else refers to them.
void engine_load_openssl_int() {}
void engine_load_rdrand_int() {}
void engine_load_padlock_int() {}
void engine_load_dynamic_int() {}
void openssl_add_all_ciphers_int() {}
}

// The library's own brings its demangler.
namespace __gnu_cxx {
void __verbose_terminate_handler() { std::abort(); }
}  // namespace __gnu_cxx
