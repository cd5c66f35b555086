// SPDX-License-Identifier: Apache-2.0
//
// Has a whole lws make one more virtual host, with what the scenario says (config_material.hpp). No
// connection runs on it: what is asked is that lws survives the making and forgets it again.
#pragma once

#include "harness/config_material.hpp"
#include "shim/loop_subject.h"

#include <vector>

namespace shimfuzz::harness {

class VhostConfigurer {
public:
    explicit VhostConfigurer(const scenario::Scenario& scenario) noexcept
        : scenario_{scenario}, material_{scenario} {}
    ~VhostConfigurer() = default;
    VhostConfigurer(const VhostConfigurer&) = delete;
    VhostConfigurer& operator=(const VhostConfigurer&) = delete;

    // play keeps what `op`, one of the config ops, gives. Returns whether it meant something: not
    // once the vhost was made, and not where there is nothing to give.
    bool play(const scenario::Op& op);

    // make has lws make the vhost, once, if anything was given. Within lws's system and memory.
    void make() noexcept;

    // destroy has lws forget it. Within lws's system and memory.
    void destroy() noexcept;

private:
    using Bytes = std::vector<std::uint8_t>;
    using Text = std::vector<char>;  // with its NUL

    const scenario::Scenario& scenario_;
    ConfigMaterial material_;
    Bytes certificate_;
    Bytes key_;
    Bytes authority_;
    Text protocols_;
    Text name_;
    bool is_due_ = false;
    bool is_made_ = false;
};

}  // namespace shimfuzz::harness
