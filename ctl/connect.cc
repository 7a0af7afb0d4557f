#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <system_error>
#include <thread>

#include "ctl/local_listener.h"
#include "ctl/nouns.h"
#include "ctl/tcp_pump.h"

namespace ingress::ctl {
namespace {

constexpr int kPauseMs = 50;

struct ConnectFlags {
  std::string target;
  std::vector<std::string> forwards;
};

// One write, so that the lines of several threads stay whole.
void say(const std::string& sentence) { std::cerr << "ingressctl: " + sentence + "\n"; }

Outcome<int> connect_standard_streams(Shell& shell, const std::string& target) {
  Outcome<std::unique_ptr<TcpWay>> way = shell.session.connect(target);
  if (!way) return tl::unexpected(way.error());
  const Rest rest = ::isatty(STDIN_FILENO) == 1 ? Rest::kLeft : Rest::kSentUnlessMute;
  if (!pump({STDIN_FILENO, STDOUT_FILENO, rest}, **way)) return failed("the connection to " + target + " broke off");
  return cli::kExitGood;
}

// A transfer that was cut must not look complete.
void close_by_reset(int socket) {
  const linger reset{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  ::close(socket);
}

// A connection of a -L port, on a thread of its own.
void serve(const Session& session, const std::string& target, int socket) {
  Outcome<std::unique_ptr<TcpWay>> way = session.connect(target);
  bool good = way.has_value();
  if (good) {
    good = pump({socket, socket, Rest::kSent}, **way);
  } else {
    say(target + ": " + way.error().sentence);
  }
  if (!good) return close_by_reset(socket);
  ::close(socket);
}

void start_serving(const Session& session, const std::string& target, int socket) {
  try {
    std::thread(serve, std::cref(session), target, socket).detach();
  } catch (const std::system_error& error) {
    say(target + ": refused, no thread for one more connection: " + error.code().message());
    close_by_reset(socket);
  }
}

using Listeners = std::vector<std::unique_ptr<LocalListener>>;

Outcome<Listeners> listen(const std::vector<std::string>& texts) {
  Listeners listeners;
  for (const std::string& text : texts) {
    const Outcome<LocalForward> forward = LocalForward::parse(text);
    if (!forward) return tl::unexpected(forward.error());
    Outcome<std::unique_ptr<LocalListener>> listener = LocalListener::listen(*forward);
    if (!listener) return tl::unexpected(listener.error());
    say("listening on " + (*listener)->address() + ", for " + (*listener)->target());
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

Outcome<int> forward_ports(Shell& shell, const std::vector<std::string>& texts) {
  const Interrupts interrupts;
  const Outcome<Listeners> listeners = listen(texts);
  if (!listeners) return tl::unexpected(listeners.error());
  std::vector<pollfd> polled;
  for (const auto& listener : *listeners) polled.push_back({listener->descriptor(), POLLIN, 0});
  polled.push_back({interrupts.descriptor(), POLLIN, 0});
  while (true) {
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled.back().revents != 0) std::_Exit(cli::kExitGood);  // threads may be at work
    for (size_t i = 0; i < listeners->size(); ++i) {
      if (polled[i].revents == 0) continue;
      const int socket = (*listeners)[i]->accept();
      if (socket < 0) {
        // Out of descriptors: what waits is taken once one is free.
        ::poll(&polled.back(), 1, kPauseMs);
        continue;
      }
      start_serving(shell.session, (*listeners)[i]->target(), socket);
    }
  }
}

Outcome<int> connect(Shell& shell, const ConnectFlags& flags) {
  if (flags.target.empty() == flags.forwards.empty()) {
    return wrong_usage("say MACHINE:PORT, for standard input and output, or -L");
  }
  if (!flags.target.empty() && !is_far_target(flags.target)) {
    return wrong_usage("'" + flags.target +
                       "' is not MACHINE:PORT, or HOST:PORT of a host that leads to one, with a port from 1 to 65535");
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (const Outcome<bool> ready = shell.session.connecting(); !ready) return tl::unexpected(ready.error());
  return flags.forwards.empty() ? connect_standard_streams(shell, flags.target) : forward_ports(shell, flags.forwards);
}

}  // namespace

void add_connect(Command app, Shell& shell) {
  const auto flags = std::make_shared<ConnectFlags>();
  shell
      .command(app, "connect", "A raw TCP connection to a port of a machine, by standard input and output or by -L",
               "ssh -o ProxyCommand='ingressctl connect %h:%p' me@mach_1\n"
               "  ingressctl connect -L 5432:mach_1:5432",
               [&shell, flags] { return connect(shell, *flags); })
      .optional_word("target", flags->target, "MACHINE:PORT, or HOST:PORT of a host that leads to one", "TARGET")
      .options("-L", flags->forwards, "Listen here and connect there: [ADDRESS:]PORT:MACHINE:PORT; may be repeated",
               "FORWARD");
}

}  // namespace ingress::ctl
