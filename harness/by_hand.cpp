// SPDX-License-Identifier: Apache-2.0

#include "harness/by_hand.hpp"

#include "harness/allocation.hpp"
#include "harness/real_tls.hpp"
#include "harness/run.hpp"

namespace shimfuzz::harness {

struct ByHand::Parts {
    scenario::Scenario scenario;
    Findings findings;
    RealTls tls;
    InstalledReal installed;
    ApiJudge judge;
    ShimCalls shim;
    TraceRow row;
    std::uint64_t sent = 0;  // bytes the shim said it took
    std::size_t outstanding = 0;

    Parts(const scenario::Setup& setup, std::span<const std::uint8_t> raw)
        : scenario{.setup = setup, .ops = {}, .raw = {raw.begin(), raw.end()}},
          tls{scenario},
          installed{tls},
          judge{findings, tls.facts()},
          shim{tls, judge} {
        reset_allocations();
        shim.record_in(&row);
    }

    // Before each call; false if there is no connection to call.
    bool ready() {
        const bool is_open = shim.open(scenario.setup);
        tls.turn();
        return is_open;
    }
};

namespace {

// The process's first play on a seam makes what all connections there share.
const scenario::Setup& once_started(const scenario::Setup& setup) {
    constexpr scenario::Play wire{.seam = scenario::Seam::real, .loop = scenario::Loop::none};
    static_cast<void>(run(wire, {}));
    return setup;
}

}  // namespace

ByHand::ByHand(const scenario::Setup& setup, std::span<const std::uint8_t> raw)
    : parts_{std::make_unique<Parts>(once_started(setup), raw)} {}

ByHand::~ByHand() {
    parts_->shim.record_in(nullptr);
}

subject_context* ByHand::context() {
    return parts_->shim.context_to_configure(parts_->scenario.setup);
}

subject_connection* ByHand::connection() {
    return parts_->ready() ? parts_->shim.connection() : nullptr;
}

void ByHand::happens(const scenario::Op& op) {
    if (op.kind == scenario::OpKind::alloc_fail) {
        fail_allocation(op.number);
    } else {
        parts_->tls.play(op);
    }
}

void ByHand::is_interrupted() {
    parts_->tls.wire().interrupt();
}

CallResult ByHand::handshake() {
    return parts_->ready() ? parts_->shim.handshake() : CallResult{};
}

CallResult ByHand::read(std::size_t size) {
    return parts_->ready() ? parts_->shim.read(size) : CallResult{};
}

CallResult ByHand::write(std::size_t size) {
    Parts& parts = *parts_;
    if (!parts.ready()) {
        return {};
    }
    const std::size_t length = parts.outstanding > 0 ? parts.outstanding : size;
    const CallResult result = parts.shim.write(parts.sent, length);
    const bool wants =
        result.report == model::Report::want_read || result.report == model::Report::want_write;
    parts.outstanding = wants ? length : 0;
    parts.sent += result.returned > 0 ? static_cast<std::uint64_t>(result.returned) : 0;
    return result;
}

CallResult ByHand::shutdown() {
    return parts_->ready() ? parts_->shim.shutdown() : CallResult{};
}

bool ByHand::shakes_hands(std::optional<std::uint16_t> room) {
    constexpr std::uint32_t calls_max = 256;
    for (std::uint32_t i = 0; i < calls_max; ++i) {
        if (room.has_value()) {
            happens({.kind = scenario::OpKind::tx_room, .choice = 0, .number = *room});
        }
        const CallResult result = handshake();
        if (result.report == model::Report::ok || result.report == model::Report::failed) {
            return result.report == model::Report::ok;
        }
    }
    return false;
}

void ByHand::misuse(scenario::MisuseCall call) {
    if (parts_->ready()) {
        parts_->shim.misuse({.kind = scenario::OpKind::misuse_call_after_failure,
                             .choice = static_cast<std::uint8_t>(call),
                             .number = 0},
                            0);
    }
}

const TraceCall& ByHand::last() const {
    return parts_->row.calls.back();
}

const TlsFacts& ByHand::facts() const {
    return parts_->tls.facts();
}

std::optional<Alert> ByHand::alert_heard() {
    parts_->tls.turn();
    const std::optional<std::array<std::uint8_t, 2>>& heard = parts_->tls.peer().alert_heard();
    return heard.has_value()
               ? std::optional{Alert{.level = (*heard)[0], .description = (*heard)[1]}}
               : std::nullopt;
}

std::vector<std::uint8_t> ByHand::take_sent() {
    std::vector<std::uint8_t> sent(wire_size_max);
    sent.resize(parts_->tls.wire().peer_receives(sent));
    return sent;
}

Verdict ByHand::end() {
    parts_->shim.record_in(nullptr);
    parts_->shim.free();
    return {.violation = parts_->findings.violation()};
}

}  // namespace shimfuzz::harness
