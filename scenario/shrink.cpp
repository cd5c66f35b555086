// SPDX-License-Identifier: Apache-2.0

#include "scenario/shrink.hpp"

#include "scenario/op_table.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace shimfuzz::scenario {
namespace {

using Scenarios = std::vector<Scenario>;

// Ranges of half the ops, a quarter, ... one op, each size sliding from the end: what follows a
// violation can always go, and goes first.
void append_shorter(Scenarios& candidates, const Scenario& scenario) {
    const std::size_t op_count = scenario.ops.size();
    for (std::size_t size = std::bit_ceil(op_count) / 2 + op_count % 2; size > 0; size /= 2) {
        for (std::size_t end = op_count; end >= size; end -= size) {
            candidates.push_back(without(scenario, end - size, size));
        }
    }
}

// One connection instead of two: all ops about one, or only those about either.
void append_with_one_connection(Scenarios& candidates, const Scenario& scenario) {
    if (std::ranges::find(scenario.ops, OpKind::other_connection, &Op::kind) ==
        scenario.ops.end()) {
        return;
    }
    Scenario merged = scenario;
    std::erase_if(merged.ops, [](const Op& op) { return op.kind == OpKind::other_connection; });
    for (const bool wanted : {false, true}) {
        Scenario one = scenario;
        bool is_other = false;
        std::erase_if(one.ops, [&](const Op& op) {
            is_other = is_other != (op.kind == OpKind::other_connection);
            return op.kind == OpKind::other_connection || is_other != wanted;
        });
        candidates.push_back(std::move(one));
    }
    candidates.push_back(std::move(merged));
}

void append_with_op(Scenarios& candidates, const Scenario& scenario, std::size_t index, Op op) {
    op = canonical(op);
    Scenario changed = scenario;
    changed.ops[index] = op;
    if (weight(changed) < weight(scenario)) {
        candidates.push_back(std::move(changed));
    }
}

// What is left of a long text is not tried byte by byte: each candidate is a copy of it.
constexpr std::size_t raw_ranges_max = 64;

// Raw bytes in halves, quarters, ... single ones, from the end.
void append_shorter_raw(Scenarios& candidates, const Scenario& scenario) {
    const std::size_t count = scenario.raw.size();
    for (std::size_t size = count; size > 0; size /= 2) {
        for (std::size_t end = count, tried = 0; end >= size && tried < raw_ranges_max;
             end -= size, ++tried) {
            Scenario shorter = scenario;
            const auto first = shorter.raw.begin() + static_cast<std::ptrdiff_t>(end - size);
            shorter.raw.erase(first, first + static_cast<std::ptrdiff_t>(size));
            candidates.push_back(std::move(shorter));
        }
    }
}

// The same ranges, zero.
void append_cleared_raw(Scenarios& candidates, const Scenario& scenario) {
    const std::size_t count = scenario.raw.size();
    for (std::size_t size = count; size > 0; size /= 2) {
        for (std::size_t end = count, tried = 0; end >= size && tried < raw_ranges_max;
             end -= size, ++tried) {
            Scenario cleared = scenario;
            const auto first = cleared.raw.begin() + static_cast<std::ptrdiff_t>(end - size);
            std::fill_n(first, size, std::uint8_t{0});
            if (cleared != scenario) {
                candidates.push_back(std::move(cleared));
            }
        }
    }
}

// One byte, lws's cut, a record's size.
constexpr std::array<std::uint16_t, 6> boundary_numbers{0, 1, 2, 1460, 1461, 16384};

void append_lower_numbers(Scenarios& candidates, const Scenario& scenario, std::size_t index) {
    const Op& op = scenario.ops[index];
    if (!has_number(op) || op.number == 0) {
        return;
    }
    const auto with_number = [&](std::uint16_t number) {
        Op lower = op;
        lower.number = number;
        append_with_op(candidates, scenario, index, lower);
    };
    for (const std::uint16_t boundary : boundary_numbers) {
        if (boundary < op.number) {
            with_number(boundary);
        }
    }
    with_number(op.number / 2);
    with_number(static_cast<std::uint16_t>(op.number - 1));
}

void append_plainer_choices(Scenarios& candidates, const Scenario& scenario, std::size_t index) {
    const Op& op = scenario.ops[index];
    for (std::uint8_t choice = 0; choice < op.choice; ++choice) {
        Op plainer = op;
        plainer.choice = choice;
        plainer.number = 0;
        append_with_op(candidates, scenario, index, plainer);
    }
}

void append_with_setup(Scenarios& candidates, const Scenario& scenario, const Setup& setup) {
    Scenario changed = scenario;
    changed.setup = canonical(setup);
    if (weight(changed) < weight(scenario)) {
        candidates.push_back(std::move(changed));
    }
}

void append_plainer_certificates(Scenarios& candidates, const Scenario& scenario) {
    const auto with_setup = [&](const Setup& setup) {
        append_with_setup(candidates, scenario, setup);
    };
    Setup plain_auth = scenario.setup;
    plain_auth.auth = Auth::psk;
    with_setup(plain_auth);
    Setup plain_trust = scenario.setup;
    plain_trust.trust = Trust::none;
    with_setup(plain_trust);
    Setup plain_identity = scenario.setup;
    plain_identity.identity = Identity::none;
    with_setup(plain_identity);
    Setup plain_verify = scenario.setup;
    plain_verify.verify = Verify::none;
    with_setup(plain_verify);
    Setup plain_name = scenario.setup;
    plain_name.sends_name = true;
    with_setup(plain_name);
    for (const std::uint8_t allowed : {allow_untrusted, allow_expired, allow_any_host}) {
        Setup stricter = scenario.setup;
        stricter.allow = static_cast<std::uint8_t>(stricter.allow & ~allowed);
        with_setup(stricter);
    }
}

void append_plainer_setup(Scenarios& candidates, const Scenario& scenario) {
    const auto with_setup = [&](const Setup& setup) {
        append_with_setup(candidates, scenario, setup);
    };
    Setup plain_side = scenario.setup;
    plain_side.side = Side::server;
    with_setup(plain_side);
    Setup plain_start = scenario.setup;
    plain_start.start = Start::established;
    with_setup(plain_start);
    Setup plain_role = scenario.setup;
    plain_role.role = Role::raw;
    with_setup(plain_role);
    Setup plain_tls = scenario.setup;
    plain_tls.tls = TlsVersion::tls12;
    with_setup(plain_tls);
    Setup plain_peer = scenario.setup;
    plain_peer.peer = Peer::lawful;
    with_setup(plain_peer);
    append_plainer_certificates(candidates, scenario);
    Setup plain_size = scenario.setup;
    plain_size.read_size = Setup{}.read_size;
    with_setup(plain_size);
    // A read_size that matters is best at its smallest.
    for (const int size : {1, 2, scenario.setup.read_size / 2}) {
        Setup smaller = scenario.setup;
        smaller.read_size = static_cast<std::uint16_t>(size);
        if (size > 0) {
            with_setup(smaller);
        }
    }
}

}  // namespace

Scenario without(const Scenario& scenario, std::size_t first, std::size_t count) {
    Scenario shorter = scenario;
    const auto begin = shorter.ops.begin() + static_cast<std::ptrdiff_t>(first);
    shorter.ops.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
    return shorter;
}

std::span<const std::uint16_t> boundaries() noexcept {
    return boundary_numbers;
}

std::uint64_t weight(const Scenario& scenario) noexcept {
    constexpr std::uint64_t op_weight = std::uint64_t{1} << 40;
    std::uint64_t total = scenario.ops.size() * op_weight;
    for (const Op& op : scenario.ops) {
        total += op.number + (std::uint64_t{op.choice} << 16);
    }
    const Setup& setup = scenario.setup;
    total += setup.side == Side::client ? std::uint64_t{1} << 32 : 0;
    total += setup.start == Start::handshake ? std::uint64_t{1} << 33 : 0;
    total += static_cast<std::uint64_t>(setup.role) << 34;
    total += setup.tls == TlsVersion::tls13 ? std::uint64_t{1} << 36 : 0;
    total += setup.peer == Peer::hostile ? std::uint64_t{1} << 37 : 0;
    total += setup.auth == Auth::certificate ? std::uint64_t{1} << 38 : 0;
    total += setup.sends_name ? 0 : std::uint64_t{1} << 39;
    total += static_cast<std::uint64_t>(setup.allow) << 22;
    total += static_cast<std::uint64_t>(setup.trust) << 25;
    total += static_cast<std::uint64_t>(setup.identity) << 27;
    total += static_cast<std::uint64_t>(setup.verify) << 30;
    total += 2 * scenario.raw.size();
    total -= static_cast<std::uint64_t>(std::ranges::count(scenario.raw, std::uint8_t{0}));
    // The default read size is the plainest of all; every other counts by its size.
    total += setup.read_size == Setup{}.read_size ? 0 : std::uint64_t{setup.read_size} + 1;
    return total;
}

Scenarios shrinks(const Scenario& scenario) {
    Scenarios candidates;
    append_with_one_connection(candidates, scenario);
    append_shorter(candidates, scenario);
    append_shorter_raw(candidates, scenario);
    append_plainer_setup(candidates, scenario);
    append_cleared_raw(candidates, scenario);
    for (std::size_t index = 0; index < scenario.ops.size(); ++index) {
        append_plainer_choices(candidates, scenario, index);
        append_lower_numbers(candidates, scenario, index);
    }
    return candidates;
}

}  // namespace shimfuzz::scenario
