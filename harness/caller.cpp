// SPDX-License-Identifier: Apache-2.0

#include "harness/caller.hpp"

#include <algorithm>

namespace shimfuzz::harness {

using model::Report;
using scenario::OpKind;

bool Caller::play(const scenario::Op& op) noexcept {
    if (!shim_.open(setup_)) {
        return false;
    }
    established_ = established_ || setup_.start == scenario::Start::established;
    switch (op.kind) {
    case OpKind::call_handshake:
        return call_handshake();
    case OpKind::call_read:
        return call_read(op.number);
    case OpKind::call_write:
        return call_write(op.number);
    case OpKind::call_shutdown:
        return call_shutdown();
    case OpKind::misuse_other_write:
    case OpKind::misuse_call_after_failure:
    case OpKind::misuse_zero_length:
    case OpKind::misuse_negative_length:
    case OpKind::misuse_null_buffer:
    case OpKind::misuse_null_connection:
        return misuse(op);
    case OpKind::app_write:
    case OpKind::app_ask_writeable:
    case OpKind::app_rx_flow:
    case OpKind::app_read_size:
    case OpKind::app_close:
    case OpKind::service_pass:
    case OpKind::other_connection:
    case OpKind::answer_read:
    case OpKind::answer_write:
    case OpKind::answer_handshake:
    case OpKind::answer_close_notify:
    case OpKind::errno_noise:
    case OpKind::tx_room:
    case OpKind::rx_record:
    case OpKind::alloc_fail:
    case OpKind::peer_write:
    case OpKind::peer_close:
    case OpKind::peer_renegotiate:
    case OpKind::rx_room:
    case OpKind::wire_corrupt:
    case OpKind::wire_end:
    case OpKind::wire_raw:
    case OpKind::config_certificate:
    case OpKind::config_key:
    case OpKind::config_trust:
    case OpKind::config_damage:
    case OpKind::config_alpn:
    case OpKind::config_host:
        return false;
    }
    return false;
}

void Caller::put_state(State& state, std::uint64_t accepted) const {
    const auto& [setup, shim, established, failed, shutdown_begun, outstanding, sent] = *this;
    state.begin(Part::caller);
    state.put(setup.side, setup.start, established, failed, shutdown_begun, outstanding,
              sent - accepted);
}

void Caller::note(const CallResult& result) noexcept {
    failed_ = failed_ || result.report == Report::failed;
}

bool Caller::call_handshake() noexcept {
    if (failed_ || shutdown_begun_) {
        return false;
    }
    const CallResult result = shim_.handshake();
    established_ = established_ || result.report == Report::ok;
    note(result);
    return true;
}

bool Caller::call_read(std::size_t size) noexcept {
    if (failed_ || !established_) {
        return false;
    }
    note(shim_.read(size));
    return true;
}

bool Caller::call_write(std::size_t size) noexcept {
    if (failed_ || !established_ || shutdown_begun_) {
        return false;
    }
    const std::size_t length = outstanding_ > 0 ? outstanding_ : std::max<std::size_t>(size, 1);
    const CallResult result = shim_.write(sent_, length);
    const bool wants = result.report == Report::want_read || result.report == Report::want_write;
    outstanding_ = wants ? length : 0;
    sent_ += result.returned > 0 ? static_cast<std::uint64_t>(result.returned) : 0;
    note(result);
    return true;
}

bool Caller::call_shutdown() noexcept {
    if (failed_) {
        return false;
    }
    shutdown_begun_ = true;
    note(shim_.shutdown());
    return true;
}

bool Caller::misuse(const scenario::Op& op) noexcept {
    const bool possible =
        (op.kind != OpKind::misuse_other_write || (outstanding_ > 0 && !failed_)) &&
        (op.kind != OpKind::misuse_call_after_failure || failed_) &&
        (op.kind == OpKind::misuse_call_after_failure || !failed_);
    if (subject_guards_misuse() == 0 || !possible) {
        return false;
    }
    shim_.misuse(op, outstanding_);
    return true;
}

}  // namespace shimfuzz::harness
