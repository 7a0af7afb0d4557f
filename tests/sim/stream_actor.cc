#include "tests/sim/stream_actor.h"

#include <cerrno>
#include <utility>

namespace ingress::sim {

StreamActor::StreamActor(Network& network, std::shared_ptr<SimSocket> socket)
    : network_(network), socket_(std::move(socket)) {
  socket_->set_watcher(this);
  wake(Micros{0});
}

StreamActor::~StreamActor() {
  *alive_ = false;
  close();
}

void StreamActor::later(Micros delay, std::function<void()> what) {
  network_.events().after(delay, [alive = alive_, what = std::move(what)] {
    if (*alive) what();
  });
}

void StreamActor::wake(Micros delay) {
  if (std::exchange(waking_, true)) return;
  later(delay, [this] {
    waking_ = false;
    pump();
  });
}

void StreamActor::set_pace(size_t bytes, Micros pause) {
  pace_bytes_ = bytes;
  pace_pause_ = pause;
  wake(Micros{0});
}

void StreamActor::write(std::string_view bytes) {
  out_ += bytes;
  wake(Micros{0});
}

void StreamActor::close(bool reset) {
  if (socket_ == nullptr) return;
  socket_->set_watcher(nullptr);
  if (reset) socket_->reset_on_close();
  socket_->close();
  socket_.reset();
}

void StreamActor::finish_writing() {
  finish_ = true;
  wake(Micros{0});
}

void StreamActor::write_some() {
  if (out_.empty()) return;
  const ptrdiff_t sent = socket_->send(as_bytes(out_));
  if (sent == -EAGAIN) return;
  if (sent < 0) {
    // It is found by reading, behind what came before it.
    out_.clear();
    broken_ = true;
    if (end_told_) on_broken();
    return;
  }
  out_.erase(0, static_cast<size_t>(sent));
  if (out_.empty()) on_written();
}

// False where there is nothing to read now.
bool StreamActor::read_some() {
  if (resting_ || pace_bytes_ == 0 || end_told_) return false;
  const std::unique_ptr<uint8_t[]> room(new uint8_t[pace_bytes_]);
  const ptrdiff_t size = socket_->recv({room.get(), pace_bytes_});
  if (size == -EAGAIN) return false;
  if (size <= 0) {
    end_told_ = true;
    size == 0 && !broken_ ? on_end() : on_broken();
    return false;
  }
  if (pace_pause_.count() > 0) {
    resting_ = true;
    later(pace_pause_, [this] {
      resting_ = false;
      wake(Micros{0});
    });
  }
  on_bytes(as_text({room.get(), static_cast<size_t>(size)}));
  return true;
}

// Any call may close the socket, or end this object: `alive` says.
void StreamActor::pump() {
  const std::shared_ptr<bool> alive = alive_;
  if (socket_ == nullptr) return;
  const std::shared_ptr<SimSocket> keep = socket_;
  write_some();
  while (*alive && socket_ != nullptr && read_some()) continue;
  if (!*alive || socket_ == nullptr) return;
  if (finish_ && out_.empty()) socket_->shutdown();
}

}  // namespace ingress::sim
