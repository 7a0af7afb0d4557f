#include "common/uv/file_watch.h"

#include <utility>

#include "common/uv/loop.h"
#include "common/uv/uv_error.h"
#include "common/uv/uv_handle.h"

namespace ingress::uv {
namespace {

class FolderWatch final : public FileWatch {
 public:
  explicit FolderWatch(std::function<void()> on_change) : handle_(std::move(on_change)) {}

  int start(Loop& loop, const std::string& folder) {
    uv_fs_event_init(loop.raw(), handle_.get());
    uv_unref(handle_.raw());
    const auto changed = [](uv_fs_event_t* handle, const char*, int, int) { Handle::state_of(handle)(); };
    return uv_fs_event_start(handle_.get(), changed, folder.c_str(), 0);
  }

 private:
  using Handle = UvHandle<uv_fs_event_t, std::function<void()>>;
  Handle handle_;
};

}  // namespace

Result<std::unique_ptr<FileWatch>> FileWatch::watch(Loop& loop, const std::string& folder,
                                                    std::function<void()> on_change) {
  auto watch = std::make_unique<FolderWatch>(std::move(on_change));
  const int status = watch->start(loop, folder);
  if (status != 0) return tl::unexpected(uv_error(ErrorCode::kIo, status, "watch a folder"));
  return watch;
}

}  // namespace ingress::uv
