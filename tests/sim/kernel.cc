#include "tests/sim/kernel.h"

#include <sys/epoll.h>

#include <cassert>
#include <cerrno>
#include <utility>

namespace ingress::sim {

Kernel* Kernel::current = nullptr;

void Registration::on_socket_change() {
  if (std::exchange(dirty_, true)) return;
  set_.dirty_.push_back(fd_);
}

Kernel::~Kernel() = default;

Process& Kernel::add_process(const std::string& name, Host& host) {
  processes_.push_back(std::make_unique<Process>(Process{name, &host}));
  return *processes_.back();
}

int Kernel::take_fd() {
  size_t index = 0;
  while (index < descriptors_.size() && descriptors_[index].process != nullptr) ++index;
  if (index == descriptors_.size()) descriptors_.emplace_back();
  assert(running_ != nullptr);
  descriptors_[index].process = running_;
  return kFirstFd + static_cast<int>(index);
}

Kernel::Descriptor* Kernel::find(int fd) {
  const auto index = static_cast<size_t>(fd - kFirstFd);
  if (fd < kFirstFd || index >= descriptors_.size() || descriptors_[index].process == nullptr) return nullptr;
  return &descriptors_[index];
}

int Kernel::socket() { return take_fd(); }

int Kernel::connect(int fd, SimAddress to) {
  Descriptor* const descriptor = find(fd);
  if (descriptor == nullptr) return -EBADF;
  if (descriptor->process->dead) return -ENETUNREACH;
  descriptor->stream = network_.connect(*descriptor->process->host, to);
  return -EINPROGRESS;
}

int Kernel::bind(int fd, SimAddress to) {
  Descriptor* const descriptor = find(fd);
  if (descriptor == nullptr) return -EBADF;
  descriptor->bound = to;
  return 0;
}

int Kernel::listen(int fd) {
  Descriptor* const descriptor = find(fd);
  if (descriptor == nullptr) return -EBADF;
  if (descriptor->listener != nullptr) return 0;
  descriptor->listener = descriptor->process->host->listen(descriptor->bound.port);
  return descriptor->listener == nullptr ? -EADDRINUSE : 0;
}

int Kernel::accept(int fd) {
  Descriptor* const listening = find(fd);
  if (listening == nullptr || listening->listener == nullptr) return -EBADF;
  std::shared_ptr<SimSocket> accepted = listening->listener->accept();
  if (accepted == nullptr) return -EAGAIN;
  const int own = take_fd();
  find(own)->stream = std::move(accepted);
  return own;
}

int Kernel::duplicate(int fd) {
  const int own = take_fd();
  const Descriptor* const from = find(fd);
  if (from == nullptr || from->listener == nullptr) return -EBADF;
  find(own)->listener = from->listener;
  find(own)->bound = from->bound;
  return own;
}

void Kernel::unwatch(Descriptor& descriptor) {
  if (descriptor.stream != nullptr) descriptor.stream->set_watcher(nullptr);
  if (descriptor.signal != nullptr) descriptor.signal->registration = nullptr;
  Registration* const registration = std::exchange(descriptor.registration, nullptr);
  if (registration == nullptr) return;
  if (descriptor.listener != nullptr) descriptor.listener->remove_watcher(registration);
  EpollSet& set = registration->set_;
  std::erase(set.dirty_, registration->fd_);
  set.members_.erase(registration->fd_);
}

void Kernel::forget(Descriptor& descriptor) {
  unwatch(descriptor);
  if (descriptor.stream != nullptr) descriptor.stream->close();
  const std::shared_ptr<ListenPoint> listener = std::move(descriptor.listener);
  const Descriptor old = std::exchange(descriptor, Descriptor{});
  if (listener == nullptr) return;
  for (const Descriptor& each : descriptors_) {
    if (each.listener == listener) return;
  }
  old.process->host->stop_listening(old.bound.port, listener);
}

int Kernel::close(int fd) {
  Descriptor* const descriptor = find(fd);
  if (descriptor == nullptr) return -EBADF;
  forget(*descriptor);
  return 0;
}

SimSocket* Kernel::stream(int fd) {
  Descriptor* const descriptor = find(fd);
  return descriptor == nullptr ? nullptr : descriptor->stream.get();
}

bool Kernel::bound(int fd, SimAddress& address) {
  const Descriptor* const descriptor = find(fd);
  if (descriptor == nullptr) return false;
  address = descriptor->stream != nullptr ? descriptor->stream->local() : descriptor->bound;
  return true;
}

int Kernel::epoll_create() {
  const int fd = take_fd();
  find(fd)->epoll = std::make_unique<EpollSet>();
  return fd;
}

EpollSet* Kernel::epoll_set(int fd) {
  Descriptor* const descriptor = find(fd);
  return descriptor == nullptr ? nullptr : descriptor->epoll.get();
}

int Kernel::epoll_add(int set_fd, int fd, uint32_t events, uint64_t data) {
  EpollSet* const set = epoll_set(set_fd);
  Descriptor* const descriptor = find(fd);
  if (set == nullptr || descriptor == nullptr) return -EBADF;
  if (descriptor->registration != nullptr) return -EEXIST;
  auto registration = std::make_unique<Registration>(*set, fd, events, data);
  descriptor->registration = registration.get();
  if (descriptor->stream != nullptr) descriptor->stream->set_watcher(registration.get());
  if (descriptor->listener != nullptr) descriptor->listener->add_watcher(registration.get());
  if (descriptor->signal != nullptr) {
    descriptor->signal->set = set;
    descriptor->signal->registration = registration.get();
  }
  if (ready(*descriptor) != 0) registration->on_socket_change();
  set->members_[fd] = std::move(registration);
  return 0;
}

int Kernel::epoll_remove(int set_fd, int fd) {
  Descriptor* const descriptor = find(fd);
  if (epoll_set(set_fd) == nullptr || descriptor == nullptr) return -EBADF;
  unwatch(*descriptor);
  return 0;
}

uint32_t Kernel::ready(const Descriptor& descriptor) const {
  if (descriptor.stream != nullptr) return descriptor.stream->ready();
  if (descriptor.listener != nullptr) return descriptor.listener->waiting() ? uint32_t{EPOLLIN} : 0;
  if (descriptor.signal != nullptr) return descriptor.signal->pending ? uint32_t{EPOLLIN} : 0;
  return 0;
}

size_t Kernel::take_events(EpollSet& set, Event* to, size_t most) {
  std::vector<int> dirty = std::exchange(set.dirty_, {});
  for (size_t left = dirty.size(); left > 1; --left) std::swap(dirty[left - 1], dirty[network_.random().below(left)]);
  size_t count = 0;
  for (const int fd : dirty) {
    Registration& registration = *set.members_.at(fd);
    registration.dirty_ = false;
    constexpr uint32_t kAlways = EPOLLERR | EPOLLHUP;
    const uint32_t events = ready(*find(fd)) & (registration.events_ | kAlways);
    if (events == 0) continue;
    const bool edge = (registration.events_ & EPOLLET) != 0;
    if (!edge || count == most) registration.on_socket_change();  // looked at again by the next wait
    if (count < most) to[count++] = {events, registration.data_};
  }
  return count;
}

int Kernel::uv_signal_fd(UvSignal& signal) {
  const int fd = take_fd();
  find(fd)->signal = &signal;
  return fd;
}

void Kernel::kill(Process& process, bool vanish) {
  process.dead = true;
  for (Descriptor& descriptor : descriptors_) {
    if (descriptor.process != &process) continue;
    if (descriptor.stream != nullptr) {
      descriptor.stream->set_watcher(nullptr);
      if (vanish) {
        vanished_[process.host].push_back(descriptor.stream);
        descriptor.stream->vanish();
      } else {
        descriptor.stream->close();
      }
      // What the rest of the process sees from now on.
      descriptor.stream = std::make_shared<SimSocket>();
      descriptor.stream->lose();
      if (descriptor.registration != nullptr) {
        descriptor.stream->set_watcher(descriptor.registration);
        descriptor.registration->on_socket_change();
      }
    }
    if (descriptor.listener == nullptr) continue;
    if (descriptor.registration != nullptr) descriptor.listener->remove_watcher(descriptor.registration);
    const std::shared_ptr<ListenPoint> listener = std::exchange(descriptor.listener, std::make_shared<ListenPoint>());
    process.host->stop_listening(descriptor.bound.port, listener);
  }
}

void Kernel::answer_for_vanished(Host& host) {
  for (const std::shared_ptr<SimSocket>& each : vanished_[&host]) each->answer_again();
  vanished_.erase(&host);
}

size_t Kernel::open_fds(const Process& process) const {
  size_t count = 0;
  for (const Descriptor& descriptor : descriptors_) count += descriptor.process == &process ? 1 : 0;
  return count;
}

}  // namespace ingress::sim
