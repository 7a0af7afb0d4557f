// Exit codes of every program (design, section 3).
#pragma once

namespace ingress::cli {

inline constexpr int kExitGood = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotAuthorised = 4;
inline constexpr int kExitBadConfig = 78;

}  // namespace ingress::cli
