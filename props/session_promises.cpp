// SPDX-License-Identifier: Apache-2.0
//
// Promises about a shim in one's own hands (harness/by_hand.hpp): what no scenario asks for,
// because a lawful caller does not do it, or because lws never asks.
//
//   Session.*   what a lawful caller may count on
//   Guard.*     what a shim that guards against misuse (subject_guards_misuse) makes of it
//
// OpenSSL's manual pages leave open what becomes of most misuse; openssl/ssl.h of the reference
// says that it is refused, and that a refusal leaves the connection as it was.

#include "harness/by_hand.hpp"
#include "props/generators.hpp"
#include "shim/more_subject.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

using namespace shimfuzz;
using harness::Alert;
using harness::ByHand;
using harness::CallResult;
using model::Report;
using scenario::Identity;
using scenario::MisuseCall;
using scenario::Op;
using scenario::OpKind;
using scenario::Setup;
using scenario::Side;
using scenario::Start;
using scenario::Verify;

namespace {

constexpr std::array<MisuseCall, 4> every_call{MisuseCall::read, MisuseCall::write,
                                               MisuseCall::handshake, MisuseCall::shutdown};

Op op(OpKind kind, std::uint16_t number = 0) {
    return {.kind = kind, .choice = 0, .number = number};
}

Op the_wire_ends(scenario::WireEnd how) {
    return {.kind = OpKind::wire_end, .choice = static_cast<std::uint8_t>(how), .number = 0};
}

rc::Gen<Side> sides() {
    return rc::gen::element(Side::server, Side::client);
}

Setup unbegun(Side side) {
    return {.side = side, .start = Start::handshake};
}

Setup established(Side side) {
    return {.side = side, .start = Start::established};
}

// Both ends know each other by certificates, of which the peer shows `identity`.
Setup verifying(Side side, Identity identity, Verify verify) {
    return {.side = side,
            .start = Start::handshake,
            .auth = scenario::Auth::certificate,
            .trust = scenario::Trust::right,
            .identity = identity,
            .verify = verify};
}

// The call that has just been made came to nothing and was blamed on what is below TLS.
bool is_told_as_of_the_transport(const ByHand& hand, const CallResult& result) {
    return result.report == Report::failed && hand.last().told.is_transport;
}

// That every call is refused is judged; that none of them says anything is seen here.
void refuses_every_call(ByHand& hand) {
    const std::uint64_t sent = hand.facts().sent;
    for (const MisuseCall call : every_call) {
        hand.misuse(call);
        RC_ASSERT(hand.last().returned == -1);
        RC_ASSERT(!hand.last().told.is_transport);
        RC_ASSERT(hand.last().told.pending == 0);
    }
    RC_ASSERT(hand.facts().sent == sent);
}

// What is called and what happens, in any order that is lawful.
enum class Step : std::uint8_t { read, write, no_room, room, peer_writes, shutdown, peer_closes };

CallResult take(ByHand& hand, Step step, bool& may_write) {
    constexpr std::uint16_t size = 10;
    constexpr std::uint16_t much = 1000;
    switch (step) {
    case Step::read:
        return hand.read(size);
    case Step::write:
        return may_write ? hand.write(size) : hand.read(size);
    case Step::no_room:
        hand.happens(op(OpKind::tx_room, 0));
        return hand.read(size);
    case Step::room:
        hand.happens(op(OpKind::tx_room, much));
        return hand.read(size);
    case Step::peer_writes:
        hand.happens(op(OpKind::peer_write, size));
        return hand.read(size);
    case Step::shutdown:
        may_write = false;
        return hand.shutdown();
    case Step::peer_closes:
        hand.happens(op(OpKind::peer_close));
        return hand.read(size);
    }
    return {};
}

// A ClientHello of TLS 1.2 that offers spdy/3, h2 and http/1.1, in this order.
constexpr std::array<std::uint8_t, 110> hello{
    0x16, 0x03, 0x03, 0x00, 0x69, 0x01, 0x00, 0x00, 0x65, 0x03, 0x03, 0x65, 0x53, 0xf1, 0x00, 0xce,
    0x56, 0x97, 0x1c, 0xde, 0x35, 0x58, 0x97, 0x42, 0x1e, 0xfc, 0x0b, 0x10, 0x46, 0xc8, 0xbf, 0x2f,
    0x53, 0x7e, 0xdd, 0xbf, 0xbc, 0x7b, 0x98, 0x64, 0xf6, 0xe7, 0xff, 0x00, 0x00, 0x04, 0x00, 0xa8,
    0x00, 0xff, 0x01, 0x00, 0x00, 0x38, 0x00, 0x0d, 0x00, 0x12, 0x00, 0x10, 0x06, 0x03, 0x06, 0x01,
    0x05, 0x03, 0x05, 0x01, 0x04, 0x03, 0x04, 0x01, 0x03, 0x03, 0x03, 0x01, 0x00, 0x16, 0x00, 0x00,
    0x00, 0x17, 0x00, 0x00, 0x00, 0x23, 0x00, 0x00, 0x00, 0x10, 0x00, 0x12, 0x00, 0x10, 0x06, 0x73,
    0x70, 0x64, 0x79, 0x2f, 0x33, 0x08, 0x68, 0x74, 0x74, 0x70, 0x2f, 0x31, 0x2e, 0x31};

}  // namespace

// ---- Session ----

// SSL_want(3), SSL_get_shutdown(3).
RC_GTEST_PROP(Session, says_what_is_wanted_and_which_goodbyes_have_passed, ()) {
    ByHand hand{established(*sides())};
    int passed = 0;
    bool may_write = true;
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 7))) {
        const CallResult result = take(hand, static_cast<Step>(step), may_write);
        RC_ASSERT(result.report != Report::failed);
        const bool said = hand.last().place == harness::Place::shutdown && result.returned == 1;
        passed |= said ? subject_sent_shutdown : 0;
        passed |= result.report == Report::closed ? subject_received_shutdown : 0;
        const harness::Told& told = hand.last().told;
        RC_ASSERT(subject_want_nothing(hand.connection()) ==
                  (told.want_read || told.want_write ? 0 : 1));
        RC_ASSERT(subject_get_shutdown(hand.connection()) == passed);
    }
    RC_CLASSIFY(passed != 0, "a goodbye has passed");
    RC_ASSERT(hand.end() == harness::upheld);
}

// SSL_read(3): the stream was cut, which is no goodbye; and that it was is true for good.
RC_GTEST_PROP(Session, the_end_of_a_stream_is_told_for_good, ()) {
    ByHand hand{established(*sides())};
    const auto size = *rc::gen::inRange<std::uint16_t>(1, 100);
    hand.happens(op(OpKind::peer_write, size));
    RC_ASSERT(hand.read(size).returned == size);
    hand.happens(the_wire_ends(scenario::WireEnd::eof));
    for (int again = 0; again < 3; ++again) {
        const CallResult result = hand.read(size);
        RC_ASSERT(result.returned == 0);
        RC_ASSERT(is_told_as_of_the_transport(hand, result));
    }
    RC_ASSERT(subject_get_shutdown(hand.connection()) == 0);
    RC_ASSERT(hand.end() == harness::upheld);
}

// SSL_get_error(3), SSL_ERROR_SYSCALL.
RC_GTEST_PROP(Session, a_lost_transport_is_told_as_such, ()) {
    ByHand hand{established(*sides())};
    RC_ASSERT(hand.write(1).returned == 1);
    hand.happens(the_wire_ends(scenario::WireEnd::reset));
    const CallResult result = *rc::gen::arbitrary<bool>() ? hand.read(1) : hand.write(1);
    RC_ASSERT(result.returned == -1);
    RC_ASSERT(is_told_as_of_the_transport(hand, result));
    RC_ASSERT(hand.end() == harness::upheld);
}

// signal(7): send(2) and recv(2) may be interrupted. Nothing has failed then, and the caller's loop
// asks again.
RC_GTEST_PROP(Session, an_interrupted_call_is_asked_for_again, ()) {
    ByHand hand{established(*sides())};
    RC_ASSERT(hand.read(1).report == Report::want_read);
    hand.is_interrupted();
    RC_ASSERT(hand.read(1).report == Report::want_read);
    hand.is_interrupted();
    RC_ASSERT(hand.write(10).report == Report::want_write);
    RC_ASSERT(hand.write(10).returned == 10);
    RC_ASSERT(hand.end() == harness::upheld);
}

// A client speaks first and a server listens: with no socket at all, either fails below TLS.
RC_GTEST_PROP(Session, without_a_socket_it_fails_below_tls, ()) {
    const Side side = *sides();
    // Once there was a connection; now nobody stands between the subject and the system.
    RC_ASSERT(ByHand{unbegun(side)}.end() == harness::upheld);
    subject_connection* connection =
        subject_open(side == Side::client ? subject_side_client : subject_side_server, -1);
    const int returned = subject_handshake(connection);
    const subject_error error = subject_get_error(connection, returned);
    subject_free(connection);
    RC_ASSERT(returned == -1);
    RC_ASSERT(error == subject_error_syscall);
}

// SSL_do_handshake(3), SSL_accept(3), SSL_connect(3): 1 once it is done, however it was asked.
RC_GTEST_PROP(Session, a_handshake_that_is_done_stays_done, ()) {
    const Side side = *sides();
    ByHand hand{established(side)};
    for (int again = 0; again < 2; ++again) {
        subject_connection* connection = hand.connection();
        RC_ASSERT(subject_do_handshake(connection) == 1);
        RC_ASSERT((side == Side::client ? subject_connect : subject_accept)(connection) == 1);
        RC_ASSERT(hand.write(1).returned == 1);
    }
    RC_ASSERT(hand.end() == harness::upheld);
}

RC_GTEST_PROP(Session, who_shows_a_good_certificate_is_let_in, ()) {
    const auto verify = *rc::gen::element(Verify::optional, Verify::required);
    ByHand hand{verifying(*sides(), Identity::good, verify)};
    // However little goes out at a time, and so however often it has to be asked.
    RC_ASSERT(hand.shakes_hands(*rc::gen::inRange<std::uint16_t>(100, 2000)));
    hand.happens(op(OpKind::tx_room, 1000));
    hand.happens(op(OpKind::peer_write, 10));
    RC_ASSERT(hand.read(10).returned == 10);
    RC_ASSERT(hand.write(10).returned == 10);
    RC_ASSERT(hand.end() == harness::upheld);
}

// RFC 5246, section 7.2.2: who gives up says why; of a certificate that is out of date or of nobody
// known, one of these is true.
RC_GTEST_PROP(Session, who_is_refused_is_told_why, ()) {
    constexpr std::uint8_t fatal = 2;
    constexpr std::uint8_t bad = 42;
    constexpr std::uint8_t unknown = 46;
    const bool expired = *rc::gen::arbitrary<bool>();
    const std::uint8_t also = expired ? 45 : 48;  // certificate_expired, unknown_ca
    ByHand hand{verifying(Side::server, expired ? Identity::expired : Identity::self_signed,
                          *rc::gen::element(Verify::optional, Verify::required))};
    RC_ASSERT(!hand.shakes_hands());
    const std::optional<Alert> heard = hand.alert_heard();
    RC_ASSERT(heard.has_value());
    RC_ASSERT(heard->level == fatal);
    RC_ASSERT(
        (heard->description == bad || heard->description == unknown || heard->description == also));
    RC_ASSERT(hand.end() == harness::upheld);
}

// RFC 7301, section 3.2: a server agrees to a protocol that was offered, and says so.
RC_GTEST_PROP(Session, a_server_agrees_to_a_protocol_that_it_speaks, ()) {
    constexpr std::string_view spoken = "\x08http/1.1";
    Setup setup = unbegun(Side::server);
    setup.peer = scenario::Peer::hostile;
    ByHand hand{setup, hello};
    RC_ASSERT(subject_set_protocols(hand.context(),
                                    reinterpret_cast<const unsigned char*>(spoken.data()),
                                    spoken.size()) == 1);
    // In as many pieces as may be.
    const auto piece = *rc::gen::inRange<std::uint16_t>(1, hello.size() + 1);
    for (std::size_t sent = 0; sent < hello.size(); sent += piece) {
        hand.happens(op(OpKind::wire_raw, piece));
        RC_ASSERT(hand.handshake().report == Report::want_read);
    }
    const std::vector<std::uint8_t> answer = hand.take_sent();
    const auto same = [](std::uint8_t byte, char other) {
        return byte == static_cast<std::uint8_t>(other);
    };
    RC_ASSERT(std::search(answer.begin(), answer.end(), spoken.begin(), spoken.end(), same) !=
              answer.end());
    RC_ASSERT(hand.end() == harness::upheld);
}

// SSL_shutdown(3): once, and then it was; while it waits for room, what has come can still be read.
RC_GTEST_PROP(Session, a_goodbye_that_waits_keeps_nobody_from_reading, ()) {
    ByHand hand{established(*sides())};
    hand.happens(op(OpKind::tx_room, *rc::gen::inRange<std::uint16_t>(0, 20)));
    RC_ASSERT(hand.shutdown().report == Report::want_write);
    const auto size = *rc::gen::inRange<std::uint16_t>(1, 100);
    hand.happens(op(OpKind::peer_write, size));
    RC_ASSERT(hand.read(size).returned == size);
    hand.happens(op(OpKind::tx_room, 1000));
    for (int again = 0; again < 3; ++again) {
        RC_ASSERT(hand.shutdown().returned == 1);
    }
    RC_ASSERT(hand.facts().alerts_sent == 1U);
    RC_ASSERT(hand.end() == harness::upheld);
}

// mbedTLS sends it on the way to a refusal of its own, and forgets that it was one.
RC_GTEST_PROP(Session, a_goodbye_that_went_out_with_something_else_is_said, ()) {
    ByHand hand{established(*sides())};
    hand.happens(op(OpKind::tx_room, *rc::gen::inRange<std::uint16_t>(0, 20)));
    RC_ASSERT(hand.shutdown().report == Report::want_write);
    hand.happens(op(OpKind::peer_renegotiate));
    hand.happens(op(OpKind::tx_room, 1000));
    RC_ASSERT(hand.read(1).report == Report::want_read);
    for (int again = 0; again < 2; ++again) {
        RC_ASSERT(hand.shutdown().returned == 1);
    }
    RC_ASSERT(hand.end() == harness::upheld);
}

// ---- Guard ----

TEST(Guard, null_is_refused_by_every_call) {
    char byte = 0;
    EXPECT_EQ(subject_do_handshake(nullptr), -1);
    EXPECT_EQ(subject_connect(nullptr), -1);
    EXPECT_EQ(subject_accept(nullptr), -1);
    EXPECT_EQ(subject_read(nullptr, &byte, 1), -1);
    EXPECT_EQ(subject_write(nullptr, &byte, 1), -1);
    EXPECT_EQ(subject_shutdown(nullptr), -1);
    EXPECT_EQ(subject_pending(nullptr), 0);
    EXPECT_EQ(subject_get_error(nullptr, -1), subject_error_ssl);
    EXPECT_EQ(subject_get_error(nullptr, 1), subject_error_ssl);
    EXPECT_EQ(subject_want_nothing(nullptr), 1);
    EXPECT_EQ(subject_want_read(nullptr), 0);
    EXPECT_EQ(subject_want_write(nullptr), 0);
    EXPECT_EQ(subject_get_shutdown(nullptr), 0);
}

RC_GTEST_PROP(Guard, the_handshake_of_the_other_side_is_refused, ()) {
    const Side side = *sides();
    ByHand hand{*rc::gen::arbitrary<bool>() ? established(side) : unbegun(side)};
    subject_connection* connection = hand.connection();
    const std::uint64_t sent = hand.facts().sent;
    RC_ASSERT((side == Side::client ? subject_accept : subject_connect)(connection) == -1);
    RC_ASSERT(subject_get_error(connection, -1) == subject_error_ssl);
    RC_ASSERT(subject_want_nothing(connection) == 1);
    RC_ASSERT(hand.facts().sent == sent);
    RC_ASSERT(hand.shakes_hands());
    RC_ASSERT(hand.write(10).returned == 10);
    RC_ASSERT(hand.end() == harness::upheld);
}

RC_GTEST_PROP(Guard, nothing_is_read_or_written_before_the_handshake_is_done, ()) {
    ByHand hand{unbegun(*sides())};
    const bool begun = *rc::gen::arbitrary<bool>();
    if (begun) {
        RC_ASSERT(hand.handshake().report == Report::want_read);
    }
    for (const MisuseCall call : {MisuseCall::read, MisuseCall::write}) {
        hand.misuse(call);
        RC_ASSERT(hand.last().returned == -1);
        RC_ASSERT(hand.last().told.pending == 0);
    }
    RC_ASSERT(hand.shakes_hands());
    RC_ASSERT(hand.write(10).returned == 10);
    RC_ASSERT(hand.end() == harness::upheld);
}

// There is nothing to close, and nobody who would understand it.
RC_GTEST_PROP(Guard, nothing_is_said_before_the_handshake_is_done, ()) {
    ByHand hand{unbegun(*sides())};
    if (*rc::gen::arbitrary<bool>()) {
        RC_ASSERT(hand.handshake().report == Report::want_read);
    }
    const std::uint64_t sent = hand.facts().sent;
    RC_ASSERT(hand.shutdown().returned == 1);
    RC_ASSERT(hand.facts().sent == sent);
    RC_ASSERT(subject_get_shutdown(hand.connection()) == 0);
    RC_ASSERT(hand.shakes_hands());
    RC_ASSERT(hand.shutdown().returned == 1);
    RC_ASSERT(subject_get_shutdown(hand.connection()) == subject_sent_shutdown);
    RC_ASSERT(hand.end() == harness::upheld);
}

// SSL_shutdown(3): "no further data can be sent", whether the goodbye is out or waits for room.
RC_GTEST_PROP(Guard, nothing_is_written_behind_a_goodbye, ()) {
    ByHand hand{established(*sides())};
    if (*rc::gen::arbitrary<bool>()) {
        hand.happens(op(OpKind::tx_room, 0));
    }
    RC_ASSERT(hand.shutdown().report != Report::failed);
    const std::uint64_t sent = hand.facts().sent;
    hand.misuse(MisuseCall::write);
    RC_ASSERT(hand.last().returned == -1);
    RC_ASSERT(hand.facts().sent == sent);
    hand.happens(op(OpKind::tx_room, 1000));
    RC_ASSERT(hand.shutdown().returned == 1);
    RC_ASSERT(hand.end() == harness::upheld);
}

RC_GTEST_PROP(Guard, nothing_is_done_on_a_lost_transport, ()) {
    ByHand hand{established(*sides())};
    const auto size = *rc::gen::inRange<std::uint16_t>(2, 100);
    hand.happens(op(OpKind::peer_write, size));
    RC_ASSERT(hand.read(1).returned == 1);
    RC_ASSERT(hand.last().told.pending == size - 1);
    hand.happens(the_wire_ends(scenario::WireEnd::reset));
    RC_ASSERT(hand.write(1).report == Report::failed);
    refuses_every_call(hand);
    RC_ASSERT(hand.end() == harness::upheld);
}

// mbedTLS would go on with one whose certificate it was told to look at and not to mind.
RC_GTEST_PROP(Guard, nothing_is_done_with_a_peer_that_was_refused, ()) {
    ByHand hand{verifying(*sides(), *rc::gen::element(Identity::expired, Identity::self_signed),
                          *rc::gen::element(Verify::optional, Verify::required))};
    RC_ASSERT(!hand.shakes_hands());
    RC_ASSERT(hand.last().returned == -1);
    refuses_every_call(hand);
    RC_ASSERT(hand.end() == harness::upheld);
}

// Settings that could not be put into effect are none to go on with.
RC_GTEST_PROP(Guard, nothing_is_done_where_a_handshake_could_not_begin, ()) {
    ByHand hand{verifying(*sides(), Identity::good, Verify::required)};
    const bool is_open = hand.connection() != nullptr;
    RC_ASSERT(is_open);
    hand.happens(op(OpKind::alloc_fail, 0));
    RC_ASSERT(!hand.shakes_hands());
    RC_ASSERT(hand.last().returned == -1);
    refuses_every_call(hand);
    RC_ASSERT(hand.end() == harness::upheld);
}
