// What a laptop's broker has to have in its table: the project, the machine with a token for the agent inside, the
// services and domains that the command line names.
#pragma once

#include <functional>
#include <string>

#include "broker/dev/dev_config.h"
#include "broker/store/store.h"

namespace ingress::broker::dev {

// One transaction. The project's services and domains are those of `config` afterwards, also where another project had
// such a domain; what else is in the table stays (its policies and shares, other projects). `on_done` gets the agent's
// token, or a sentence for people.
void set_up(Store& store, const DevConfig& config, std::function<void(tl::expected<std::string, std::string>)> on_done);

}  // namespace ingress::broker::dev
