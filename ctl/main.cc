#include <iostream>

#include "ctl/run.h"

int main(int argc, char** argv) { return ingress::ctl::run(argc, argv, INGRESS_VERSION, std::cout, std::cerr); }
