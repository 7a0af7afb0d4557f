// The --tls-dir, loaded, and loaded again when a file in it changes, or one that a symbolic link there leads to.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/tls/folder_stamps.h"
#include "common/tls/tls_context.h"
#include "common/uv/file_watch.h"
#include "common/uv/loop.h"
#include "common/uv/timer.h"

namespace ingress::broker {

class Certificates {
 public:
  // What is loaded, refused or gone is logged where `told`: all of it at the start and when it is asked for, later what
  // has changed.
  Certificates(uv::Loop& loop, std::string folder, bool told = true);

  // The first load: an error where no certificate can be served. `tickets` outlive all handshakes.
  Status start(const tls::TicketKeyMemory& tickets);
  // Another folder, or the same one: loads what is there now. Where nothing of it can be served the old one stays.
  Status move_to(const std::string& folder);
  void use_maker(tls::CertificateMaker& maker) { context_.use_maker(maker); }
  const tls::ServerContext& context() const { return context_; }

 private:
  // A pair is written as two files: one load follows a burst of changes, however long the burst is.
  static constexpr Duration kSettle{200};
  // How often what the folder's watch cannot see is looked at, and all of it where the kernel has no watch left.
  static constexpr Duration kLook{400};

  Status begin();
  // Anew with each load: a watch stays with the folder that it began with, also where that has another name now, or is
  // gone and one of its name was made, which may even have its number.
  void watch();
  enum class Tell : uint8_t { kAll, kChanges };
  Status load(Tell what);
  void tell(Tell what, const std::vector<tls::Certificate>& before, const std::set<std::string>& refused) const;
  void on_change();
  void look();

  uv::Loop& loop_;
  std::string folder_;
  const bool told_;
  tls::ServerContext context_;
  tls::FolderStamps stamps_;
  uv::Timer settle_;
  uv::Timer look_;
  bool settling_ = false;
  std::unique_ptr<uv::FileWatch> watch_;  // null where there is none
};

}  // namespace ingress::broker
