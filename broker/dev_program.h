// `ingress-broker dev`: the broker with what a laptop needs beside it. Thread: main.
#pragma once

namespace ingress::broker {

// Whether the command line asks for it.
bool is_dev(int argc, const char* const* argv);

// The whole program: returns the exit code.
int run_dev(int argc, const char* const* argv);

}  // namespace ingress::broker
