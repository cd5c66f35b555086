// SPDX-License-Identifier: Apache-2.0
//
// Who is let in, exhaustively: whom the subject trusts, what its peer shows, what was asked, with
// and without the name of the host, on either side, on real mbedTLS. It is linked with each shim.
//
// What is expected is the table of model/verification.hpp. In what a shim differs is written down
// here too, so that a version that mends it, or breaks more, is seen.

#include "harness/run.hpp"
#include "model/verification.hpp"
#include "scenario/op_table.hpp"
#include "scenario/text.hpp"
#include "shim/subject.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace shimfuzz;
using model::Fault;
using scenario::Identity;
using scenario::OpKind;
using scenario::Side;
using scenario::Trust;
using scenario::Verify;

namespace {

constexpr scenario::Play play{.seam = scenario::Seam::real,
                              .loop = scenario::Loop::none,
                              .profile = scenario::Profile::plausible};

std::vector<scenario::Setup> all_setups() {
    std::vector<scenario::Setup> setups;
    for (unsigned i = 0; i < 2 * scenario::trust_count * scenario::identity_count *
                                 scenario::verify_count * 2 * (scenario::allow_all + 1);
         ++i) {
        unsigned rest = i;
        const auto next = [&](unsigned count) {
            const unsigned digit = rest % count;
            rest /= count;
            return static_cast<std::uint8_t>(digit);
        };
        scenario::Setup setup{.side = static_cast<Side>(next(2)),
                              .auth = scenario::Auth::certificate,
                              .trust = static_cast<Trust>(next(scenario::trust_count)),
                              .identity = static_cast<Identity>(next(scenario::identity_count)),
                              .verify = static_cast<Verify>(next(scenario::verify_count)),
                              .sends_name = next(2) == 0,
                              .allow = next(scenario::allow_all + 1)};
        if (scenario::canonical(setup) == setup) {
            setups.push_back(setup);
        }
    }
    return setups;
}

scenario::Scenario scenario_of(const scenario::Setup& setup) {
    return {.setup = setup, .ops = {{.kind = OpKind::call_write, .number = 1}}, .raw = {}};
}

std::string words_of(const scenario::Setup& setup) {
    const std::vector<char> text = scenario::print({.play = play, .scenario = scenario_of(setup)});
    return {text.begin(), text.end()};
}

struct Outcome {
    bool is_established;
    std::optional<harness::Violation> violation;
};

// Only an established session writes.
Outcome outcome_of(const scenario::Setup& setup) {
    harness::Trace trace;
    const harness::Outcome outcome = harness::run(play, scenario_of(setup), &trace);
    return {!trace.rows.empty() && !trace.rows.front().calls.empty() && trace.rows.front().played,
            outcome.verdict.violation};
}

// mbedTLS wants somebody to be trusted before it leaves a decision to a callback, which is how the
// reference learns what is allowed.
bool reference_lets_in(const scenario::Setup& setup) {
    const bool is_never_asked =
        setup.side == Side::client && setup.trust == Trust::none && setup.verify != Verify::none;
    return model::may_be_established(setup) && !is_never_asked;
}

// A server of 4.1.6 has mbedTLS look at a certificate and looks no more (finding 40).
bool lws_4_1_6_lets_in(const scenario::Setup& setup) {
    const bool expected = model::may_be_established(setup);
    return expected || setup.side == Side::server;
}

// A server of 4.3.5 does so where a certificate is required and the client sent no name (finding
// 40), and requires one where it is optional. A client of it fails in the handshake, before it asks
// what is allowed, unless anybody is.
bool lws_4_3_5_lets_in(const scenario::Setup& setup) {
    const bool expected = model::may_be_established(setup);
    if (setup.side == Side::server) {
        const bool is_not_required = setup.verify == Verify::required && !setup.sends_name;
        const bool is_required = setup.verify == Verify::optional;
        return is_not_required || (expected && !(is_required && setup.identity == Identity::none));
    }
    const bool only_expired = model::fault_of(setup) == Fault::expired &&
                              setup.verify != Verify::none &&
                              (setup.allow & scenario::allow_untrusted) == 0;
    return expected && !only_expired;
}

// Since 3.6.3 mbedTLS refuses to verify a server unless it was told a name, or that none is to be
// looked for. Where any will do, lws tells it nothing.
bool lws_4_3_5_lets_in_on_mbedtls_3_6(const scenario::Setup& setup) {
    const bool is_told_no_name =
        setup.side == Side::client && (setup.allow & scenario::allow_any_host) != 0 &&
        (setup.allow & scenario::allow_untrusted) == 0 && setup.verify != Verify::none;
    return lws_4_3_5_lets_in(setup) && !is_told_no_name;
}

bool subject_lets_in(const scenario::Setup& setup) {
    const std::string_view subject = subject_name();
    if (subject == "wrapper_4_1_6") {
        return lws_4_1_6_lets_in(setup);
    }
    if (subject.starts_with("wrapper_4_3_5")) {
        return SHIMFUZZ_MBEDTLS_3 ? lws_4_3_5_lets_in_on_mbedtls_3_6(setup)
                                  : lws_4_3_5_lets_in(setup);
    }
    return reference_lets_in(setup);
}

}  // namespace

TEST(Verification, lets_in_whom_the_table_says) {
    for (const scenario::Setup& setup : all_setups()) {
        EXPECT_EQ(outcome_of(setup).is_established, subject_lets_in(setup)) << words_of(setup);
    }
}

TEST(Verification, is_violated_by_whoever_is_let_in_and_should_not_be) {
    for (const scenario::Setup& setup : all_setups()) {
        const std::optional<harness::Violation> violation = outcome_of(setup).violation;
        const bool expected = model::must_be_refused(setup) && subject_lets_in(setup);
        EXPECT_EQ(violation.has_value(), expected) << words_of(setup);
        if (violation.has_value()) {
            EXPECT_EQ(violation->signature.invariant, harness::Invariant::verification_is_enforced)
                << words_of(setup);
        }
    }
}

// Who has lost whom it trusted, or lacked memory to verify a signature, takes all for untrusted.
TEST(Verification, without_trust_is_tolerant_only_if_the_untrusted_are) {
    for (const scenario::Setup& setup : all_setups()) {
        const bool tolerates =
            (setup.allow & scenario::allow_untrusted) != 0 && setup.identity != Identity::none;
        EXPECT_EQ(model::must_be_refused(setup, true), model::must_be_refused(setup) && !tolerates)
            << words_of(setup);
    }
}

// Nothing is held up by a table in which nobody is let in, or everybody.
TEST(Verification, lets_in_the_good_and_nobody_else_on_either_side) {
    for (const Side side : {Side::server, Side::client}) {
        for (int i = 0; i < scenario::identity_count; ++i) {
            const auto identity = static_cast<Identity>(i);
            const scenario::Setup setup{.side = side,
                                        .auth = scenario::Auth::certificate,
                                        .trust = Trust::right,
                                        .identity = identity,
                                        .verify = Verify::required};
            const bool is_good = identity == Identity::good ||
                                 (identity == Identity::wrong_host && side == Side::server);
            EXPECT_EQ(model::may_be_established(setup), is_good) << words_of(setup);
            EXPECT_EQ(model::must_be_refused(setup), !is_good) << words_of(setup);
        }
    }
}
