#include <sys/ioctl.h>
#include <unistd.h>

#include <memory>
#include <ostream>

#include "common/cli/values.h"
#include "ctl/nouns.h"
#include "ctl/rates.h"

namespace ingress::ctl {
namespace {

struct TopFlags {
  std::string interval = "2s";
  bool once = false;
};

Outcome<Counted> count(Shell& shell) {
  Counted counted;
  const Outcome<bool> done = shell.session.pages("/v1/traffic", [&counted](Json page) {
    if (counted.bounds_ms.empty()) read_measure(page, counted);
    for (Json& item : page.at("items")) counted.items.push_back(std::move(item));
  });
  if (!done) return tl::unexpected(done.error());
  return counted;
}

std::string milliseconds(const Json& value) { return value.is_number() ? short_number(value.get<double>()) : "-"; }

std::string table_of(const Json& rows, size_t most) {
  std::vector<std::vector<std::string>> cells;
  for (const Json& row : rows) {
    if (cells.size() == most) break;
    cells.push_back({cell_of(row, "machine"), short_number(row["requestsPerSecond"]),
                     short_number(row["errorsPerSecond"]), short_number(row["bytesInPerSecond"]),
                     short_number(row["bytesOutPerSecond"]), cell_of(row, "open"), milliseconds(row["p50Ms"]),
                     milliseconds(row["p99Ms"])});
  }
  return table_text({"MACHINE", "REQ/S", "ERR/S", "IN B/S", "OUT B/S", "OPEN", "P50 MS", "P99 MS"}, cells);
}

// Rows that the terminal has below the titles; many where it is none.
size_t rows_on_screen() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 3) return 1000;
  return static_cast<size_t>(size.ws_row) - 2;
}

void show(Shell& shell, const Json& rows, double seconds, bool redraw) {
  if (shell.globals.json) {
    shell.print_json_line({{"seconds", seconds}, {"machines", rows}});
  } else if (redraw) {
    shell.out() << "\033[H\033[J" << table_of(rows, rows_on_screen()) << std::flush;
  } else {
    shell.out() << table_of(rows, rows.size()) << std::flush;
  }
}

Outcome<int> top(Shell& shell, const TopFlags& flags) {
  const cli::Parsed<Duration> interval = cli::parse_duration(flags.interval);
  if (!interval || *interval < Duration(100)) {
    return wrong_usage("--interval '" + flags.interval + "': say a time of 100ms or more, such as 2s");
  }
  const bool redraw = !flags.once && !shell.globals.json && ::isatty(STDOUT_FILENO) == 1;
  const Interrupts interrupts;
  Outcome<Counted> before = count(shell);
  while (before) {
    if (interrupts.wait(*interval)) return cli::kExitGood;
    Outcome<Counted> after = count(shell);
    if (!after) return tl::unexpected(after.error());
    show(shell, rates(*before, *after), (after->at_ms - before->at_ms) / 1000, redraw);
    if (flags.once || !shell.out()) return cli::kExitGood;
    before = std::move(after);
  }
  return tl::unexpected(before.error());
}

}  // namespace

void add_top(Command app, Shell& shell) {
  const auto flags = std::make_shared<TopFlags>();
  shell
      .command(app, "top", "Live rates of each machine, the busiest first, until Ctrl-C",
               "ingressctl top --once --interval 5s", [&shell, flags] { return top(shell, *flags); })
      .option("--interval", flags->interval, "How long each row is measured over", "TIME [2s]")
      .flag("--once", flags->once, "One table, after one interval");
}

}  // namespace ingress::ctl
