#include "broker/observe/exchange_tap.h"

#include <doctest/doctest.h>

namespace ingress::broker {
namespace {

ExchangeRecord record_of(std::string_view host, int status = 200) {
  ExchangeRecord record;
  record.host = host;
  record.method = "GET";
  record.machine = "mach_a";
  record.project = "misha";
  record.status = status;
  return record;
}

bool host_wanted(const char* wanted, std::string_view host) {
  ExchangeFilter filter;
  filter.host = wanted;
  return filter.wants(record_of(host));
}

TEST_CASE("a filter that says nothing wants everything") {
  CHECK(ExchangeFilter{}.wants(record_of("a.example.com")));
  CHECK(ExchangeFilter{}.wants(ExchangeRecord{}));
}

TEST_CASE("a host is held against the Host less its port, case and last dot") {
  for (const char* host :
       {"a.example.com", "A.Example.COM", "a.example.com:8443", "a.example.com.", "a.example.com.:1"}) {
    CAPTURE(host);
    CHECK(host_wanted("a.example.com", host));
    CHECK(host_wanted("*.example.com", host));
    CHECK_FALSE(host_wanted("b.example.com", host));
  }
  CHECK(host_wanted("*.example.com", "x.y.example.com"));
  CHECK_FALSE(host_wanted("*.example.com", "example.com"));
  CHECK_FALSE(host_wanted("*.example.com", "aexample.com"));
  CHECK_FALSE(host_wanted("example.com", "a.example.com"));
  CHECK_FALSE(host_wanted("a", ""));
  CHECK(host_wanted("[::1]", "[::1]:80"));
  CHECK(host_wanted("[::1]", "[::1]"));
}

TEST_CASE("what is said beside the host has to be so, too") {
  ExchangeFilter filter;
  filter.machine = "mach_a";
  filter.project = "misha";
  filter.method = "GET";
  filter.least_status = 500;
  filter.most_status = 599;
  CHECK(filter.wants(record_of("a", 503)));
  CHECK_FALSE(filter.wants(record_of("a", 499)));
  CHECK_FALSE(filter.wants(record_of("a", 600)));
  ExchangeRecord other = record_of("a", 503);
  other.machine = "mach_b";
  CHECK_FALSE(filter.wants(other));
  other = record_of("a", 503);
  other.project = "";
  CHECK_FALSE(filter.wants(other));
  other.tenant = "misha";
  CHECK(filter.wants(other));
  other = record_of("a", 503);
  other.method = "POST";
  CHECK_FALSE(filter.wants(other));
  filter.method = "get";
  CHECK(filter.wants(record_of("a", 503)));
}

TEST_CASE("the reader is told once until it takes, and gets the events in their order") {
  int told = 0;
  ExchangeTap tap({}, [&told] { ++told; });
  tap.put("a");
  tap.put("b");
  CHECK(told == 1);
  CHECK(tap.take().events == "ab");
  CHECK(tap.take().events.empty());
  tap.put("c");
  CHECK(told == 2);
  CHECK(tap.take().events == "c");
}

TEST_CASE("what a slow reader has no room for is lost, counted, and told once") {
  ExchangeTap tap({}, [] {});
  const std::string event(ExchangeTap::kMostBytes / 2, 'x');
  for (int i = 0; i < 5; ++i) tap.put(event);
  ExchangeTap::Taken taken = tap.take();
  CHECK(taken.events.size() == 2 * event.size());
  CHECK(taken.lost == 3);
  tap.put("y");
  taken = tap.take();
  CHECK(taken.events == "y");
  CHECK(taken.lost == 0);
}

}  // namespace
}  // namespace ingress::broker
