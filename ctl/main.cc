#include <fcntl.h>

#include <iostream>

#include "ctl/run.h"

namespace {

// Or the next connection would take the place of one that is closed, and be written to for it. What holds it fails.
void hold_closed_descriptors() {
  for (int descriptor = 0; descriptor < 3; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // It gets the lowest number that is free: this one.
    (void)::open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace

int main(int argc, char** argv) {
  hold_closed_descriptors();
  return ingress::ctl::run(argc, argv, INGRESS_VERSION, std::cout, std::cerr);
}
