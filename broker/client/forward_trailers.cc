// Forward's part for trailers: they lose what the policy takes off their side's head, and gain nothing.
#include "broker/admission/rewriting.h"
#include "broker/client/forward.h"
#include "broker/client/forward_work.h"

namespace ingress::broker {

void Forward::on_request_trailers(const http::Fields& trailers) {
  request_ended_ = true;
  http::Fields& kept = owner_.work_->trailers;
  http::forward_trailers(trailers, kept);
  if (stream_) return send_trailers(kept);
  // Its policy may not have been asked yet, or be another one when the stream opens.
  for (const http::Field& each : kept) held_trailers_.emplace_back(each.name, each.value);
}

void Forward::send_held_trailers() {
  http::Fields& trailers = owner_.work_->trailers;
  trailers.clear();
  for (const auto& [name, value] : held_trailers_) trailers.push_back({name, value});
  send_trailers(trailers);
}

void Forward::send_trailers(http::Fields& trailers) {
  body_used_ = true;
  if (const Terms* terms = admission_.terms()) rewrite_request_trailers(*terms, trailers);
  stream_.send_trailers(trailers);
}

void Forward::on_answer_trailers(const http::Fields& trailers) {
  if (responder_ == nullptr) return;
  answer_ended_ = true;
  body_bytes_ = responder_->body_bytes_sent();
  http::Fields& kept = owner_.work_->trailers;
  http::forward_trailers(trailers, kept);
  if (const Terms* terms = admission_.terms()) drop_answer_fields(*terms, kept);
  responder_->send_trailers(kept);
  answer_over();
}

}  // namespace ingress::broker
