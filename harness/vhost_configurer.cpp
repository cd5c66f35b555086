// SPDX-License-Identifier: Apache-2.0

#include "harness/vhost_configurer.hpp"

#include "harness/feedback.hpp"

#include <algorithm>

namespace shimfuzz::harness {

using scenario::OpKind;

namespace {

// An application has strings: what follows a NUL is not there.
std::vector<char> text_of(std::span<const std::uint8_t> bytes) {
    std::vector<char> text{bytes.begin(), std::ranges::find(bytes, 0)};
    text.push_back('\0');
    return text;
}

const std::uint8_t* or_null(const std::vector<std::uint8_t>& bytes) noexcept {
    return bytes.empty() ? nullptr : bytes.data();
}

}  // namespace

bool VhostConfigurer::play(const scenario::Op& op) {
    if (is_made_) {
        return false;
    }
    if (op.kind == OpKind::config_damage) {
        material_.damage_next(op);
        return true;
    }
    const std::span<const std::uint8_t> given = material_.of(op);
    if (given.empty()) {
        return false;
    }
    is_due_ = true;
    if (op.kind == OpKind::config_alpn) {
        protocols_ = text_of(given);
    } else if (op.kind == OpKind::config_host) {
        name_ = text_of(given);
    } else {
        Bytes& kept = op.kind == OpKind::config_certificate ? certificate_
                      : op.kind == OpKind::config_key       ? key_
                                                            : authority_;
        // As large as it is: the byte behind the last is nobody's.
        kept = Bytes(given.begin(), given.end());
    }
    return true;
}

void VhostConfigurer::make() noexcept {
    if (!is_due_ || is_made_) {
        return;
    }
    is_made_ = true;
    const loop_vhost_config config{
        .certificate = or_null(certificate_),
        .certificate_size = certificate_.size(),
        .key = or_null(key_),
        .key_size = key_.size(),
        .authority = or_null(authority_),
        .authority_size = authority_.size(),
        .protocols = protocols_.empty() ? nullptr : protocols_.data(),
        .name = name_.empty() ? "configured" : name_.data(),
    };
    const bool is_server = scenario_.setup.side == scenario::Side::server;
    const bool taken =
        loop_make_vhost(is_server ? loop_side_server : loop_side_client, &config) == 0;
    note_situation(1U << 22 | (is_server ? 1U : 0U) | (certificate_.empty() ? 0U : 2U) |
                   (key_.empty() ? 0U : 4U) | (authority_.empty() ? 0U : 8U) |
                   (protocols_.empty() ? 0U : 16U) | (taken ? 32U : 0U));
}

void VhostConfigurer::destroy() noexcept {
    if (is_made_) {
        loop_destroy_vhost();
    }
}

}  // namespace shimfuzz::harness
