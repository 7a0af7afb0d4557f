#include "broker/admin/traffic.h"

#include "broker/admin/histogram_json.h"
#include "broker/admin/page.h"

namespace ingress::broker::admin {
namespace {

std::string row_json(const MachineRow& row, Time now) {
  const MachineCounts& counts = row.counts;
  JsonObject object;
  object.text("machine", row.machine);
  object.number("requests", static_cast<int64_t>(counts.requests));
  object.number("errors", static_cast<int64_t>(counts.errors));
  object.number("bytesIn", static_cast<int64_t>(counts.bytes_in));
  object.number("bytesOut", static_cast<int64_t>(counts.bytes_out));
  object.number("open", static_cast<int64_t>(counts.open));
  object.number("idleSeconds", std::chrono::duration_cast<std::chrono::seconds>(now - counts.last).count());
  object.raw("firstByteCounts", counts_json<uint64_t>(counts.first_byte.counts()));
  return std::move(object).take();
}

}  // namespace

void Traffic::add_to(Router& router) {
  router.add(
      "GET", "/v1/traffic", [this](const RequestPtr& request, const Reply& reply) { list(request, reply); },
      Audience::kBroker, Takes::kQuery);
}

// A page with two members more: `at`, the monotonic time of the counts, and what the buckets mean.
void Traffic::list(const RequestPtr& request, const Reply& reply) {
  QueryReader query(request->target);
  const Page page = Page::read(query);
  const std::string machine = query.text("machine");
  if (const auto bad = query.finish()) return reply(*bad);
  api_.with_traffic([this, page, machine, reply](const std::vector<MachineRow>& rows) {
    const Time now = api_.parts().loop->now();
    const auto key = [](const MachineRow& row) -> const std::string& { return row.machine; };
    const auto wanted = [&machine](const MachineRow& row) { return machine.empty() || row.machine == machine; };
    Answer answer = page_answer(page_of(rows, page, key, wanted), page, key,
                                [now](const MachineRow& row) { return row_json(row, now); });
    JsonObject more;
    more.number("at", now.time_since_epoch().count());
    more.raw("firstByteBoundsMs", bounds_json());
    std::string json = std::move(more).take();
    json.back() = ',';
    answer.body.replace(0, 1, json);
    reply(std::move(answer));
  });
}

}  // namespace ingress::broker::admin
