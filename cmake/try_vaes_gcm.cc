// Compiled and linked at configure time, to see whether the library has what common/tls/vaes_gcm.cc declares.
#include "common/tls/vaes_gcm.h"

int main() {
  using namespace ingress::tls;
  const VaesGcm* volatile both[] = {&kVaesGcm128, &kVaesGcm256};
  return both[0]->start == both[1]->start;
}
