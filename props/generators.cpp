// SPDX-License-Identifier: Apache-2.0

#include "props/generators.hpp"

#include "scenario/bytes.hpp"
#include "scenario/op_table.hpp"
#include "scenario/shrink.hpp"

#include <algorithm>
#include <array>

namespace shimfuzz::props {
namespace {

using scenario::AnswerCode;
using scenario::Document;
using scenario::ErrnoNoise;
using scenario::NumberForm;
using scenario::Op;
using scenario::OpDescription;
using scenario::OpKind;
using scenario::Play;
using scenario::Scenario;
using scenario::Setup;

// Draw is rapidcheck's chance, in small portions.
class Draw {
public:
    explicit Draw(const rc::Random& random) : random_{random} {}

    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_.next() % limit);
    }

    bool one_in(std::uint32_t count) { return below(count) == 0; }

    template <typename T, std::size_t count>
    T one_of(const std::array<T, count>& values) {
        return values[below(static_cast<std::uint32_t>(count))];
    }

private:
    rc::Random random_;
};

// ---- one op ----

// Sizes at which shims change what they do: one byte, lws's cut, a record, and either side of them.
constexpr std::array<std::uint16_t, 9> telling_sizes{
    0, 1, 2, 1459, 1460, 1461, 16384, 16385, scenario::size_max};
constexpr std::uint32_t small_max = 64;

std::uint16_t draw_number(Draw& draw, std::uint16_t max) {
    switch (draw.below(8)) {
    case 0:
        return std::min(draw.one_of(telling_sizes), max);
    case 1:
        return static_cast<std::uint16_t>(draw.below(std::uint32_t{max} + 1));
    default:
        return static_cast<std::uint16_t>(draw.below(std::min<std::uint32_t>(max, small_max) + 1));
    }
}

// What one scenario is drawn from.
struct Swarm {
    Setup setup;
    std::vector<const OpDescription*> kinds;
    bool ends = false;     // failures and hang-ups too, which end a story
    bool has_raw = false;  // something takes raw bytes
};

// Wants are what loops live by.
std::uint8_t draw_answer(Draw& draw, bool ends) {
    const std::uint32_t one_of_eight = draw.below(8);
    if (ends && one_of_eight < 2) {
        return static_cast<std::uint8_t>(draw.below(256));
    }
    if (one_of_eight == 7) {
        return static_cast<std::uint8_t>(AnswerCode::ok);
    }
    return static_cast<std::uint8_t>(one_of_eight < 5 ? AnswerCode::want_write
                                                      : AnswerCode::want_read);
}

// Mostly poll returns whatever is ready.
std::uint8_t draw_revents(Draw& draw, bool ends) {
    if (draw.one_in(2)) {
        return 0;
    }
    const std::uint32_t in_and_out = draw.below(4);
    const bool hangs_up = ends && draw.one_in(8);
    return static_cast<std::uint8_t>(in_and_out | (hangs_up ? scenario::revents_hup : 0U));
}

std::uint8_t draw_choice(Draw& draw, const OpDescription& kind, bool ends) {
    if (kind.number_form == NumberForm::of_answer) {
        return draw_answer(draw, ends);
    }
    if (kind.kind == OpKind::service_pass) {
        return draw_revents(draw, ends);
    }
    // The errno that most often lies about: after a WANT it is left behind by send(2) and recv(2).
    const bool eagain = kind.kind == OpKind::errno_noise && draw.one_in(2);
    return static_cast<std::uint8_t>(eagain ? static_cast<unsigned>(ErrnoNoise::eagain)
                                            : draw.below(256));
}

// A socket that takes nothing is never ready, and one that takes everything never blocks a write:
// what is interesting is little room.
std::uint16_t draw_room(Draw& draw) {
    constexpr std::uint32_t little_max = 16;
    return static_cast<std::uint16_t>(draw.one_in(4) ? draw_number(draw, scenario::size_max)
                                                     : draw.below(little_max) + 1);
}

Op draw_op(Draw& draw, const OpDescription& kind, bool ends) {
    const Op op =
        scenario::canonical(Op{.kind = kind.kind, .choice = draw_choice(draw, kind, ends)});
    const bool is_room = kind.kind == OpKind::tx_room || kind.kind == OpKind::rx_room;
    const std::uint16_t number =
        is_room ? draw_room(draw) : draw_number(draw, scenario::number_max_of(op));
    return scenario::canonical(Op{.kind = op.kind, .choice = op.choice, .number = number});
}

Setup draw_setup(Draw& draw) {
    Setup setup;
    setup.side = draw.one_in(4) ? scenario::Side::client : scenario::Side::server;
    setup.start = draw.one_in(4) ? scenario::Start::handshake : scenario::Start::established;
    setup.tls = draw.one_in(2) ? scenario::TlsVersion::tls13 : scenario::TlsVersion::tls12;
    if (draw.one_in(2)) {
        setup.read_size = draw_number(draw, scenario::size_max);
    }
    return scenario::canonical(setup);
}

// Setups of the real seam, too.
Setup draw_any_setup(Draw& draw) {
    Setup setup = draw_setup(draw);
    setup.role = static_cast<scenario::Role>(draw.below(scenario::role_count));
    setup.tls = draw.one_in(4) ? scenario::TlsVersion::tls13 : scenario::TlsVersion::tls12;
    setup.peer = draw.one_in(4) ? scenario::Peer::hostile : scenario::Peer::lawful;
    setup.auth = draw.one_in(2) ? scenario::Auth::certificate : scenario::Auth::psk;
    setup.trust = static_cast<scenario::Trust>(draw.below(scenario::trust_count));
    setup.identity = static_cast<scenario::Identity>(draw.below(scenario::identity_count));
    setup.verify = static_cast<scenario::Verify>(draw.below(scenario::verify_count));
    setup.sends_name = draw.one_in(2);
    setup.allow = static_cast<std::uint8_t>(draw.below(256));
    return scenario::canonical(setup);
}

// ---- swarms ----

// In how many of 16 scenarios a kind of op takes part. What makes a session one (it writes, it is
// served) nearly always does; what ends one, or leads away from it, seldom.
std::uint32_t sixteenths_of(OpKind kind, bool handshake) {
    switch (kind) {
    case OpKind::call_read:
    case OpKind::call_write:
    case OpKind::app_write:
    case OpKind::service_pass:
        return 15;
    case OpKind::answer_write:
    case OpKind::tx_room:
        return 13;
    case OpKind::answer_read:
    case OpKind::rx_record:
    case OpKind::peer_write:
        return 9;
    case OpKind::call_shutdown:
    case OpKind::app_ask_writeable:
    case OpKind::app_rx_flow:
    case OpKind::app_read_size:
    case OpKind::answer_close_notify:
    case OpKind::errno_noise:
    case OpKind::rx_room:
        return 5;
    case OpKind::call_handshake:
    case OpKind::answer_handshake:
        return handshake ? 14 : 1;
    case OpKind::other_connection:
    case OpKind::app_close:
    case OpKind::alloc_fail:
    case OpKind::peer_close:
    case OpKind::peer_renegotiate:
    case OpKind::wire_corrupt:
    case OpKind::wire_end:
    case OpKind::wire_raw:
    case OpKind::misuse_other_write:
    case OpKind::misuse_call_after_failure:
    case OpKind::misuse_zero_length:
    case OpKind::misuse_negative_length:
    case OpKind::misuse_null_buffer:
    case OpKind::misuse_null_connection:
        return 1;
    case OpKind::config_certificate:
    case OpKind::config_key:
    case OpKind::config_trust:
    case OpKind::config_damage:
    case OpKind::config_alpn:
    case OpKind::config_host:
        return 9;
    }
    return 0;
}

// Every other op of a swarm serves: nothing happens without it.
bool serves(const OpDescription* kind) {
    return kind->kind == OpKind::service_pass || kind->kind == OpKind::call_read ||
           kind->kind == OpKind::call_write;
}

Swarm draw_swarm(Draw& draw, const Play& play) {
    // Without a loop the real seam is about certificates.
    const bool is_real_without_loop =
        play.seam == scenario::Seam::real && play.loop == scenario::Loop::none;
    Swarm swarm{.setup = is_real_without_loop ? draw_any_setup(draw) : draw_setup(draw),
                .kinds = {},
                .ends = draw.one_in(3),
                .has_raw = scenario::belongs_to(OpKind::wire_raw, play)};
    const bool handshake = swarm.setup.start == scenario::Start::handshake;
    for (const OpDescription& kind : scenario::op_table()) {
        if (scenario::belongs_to(kind.kind, play) &&
            draw.below(16) < sixteenths_of(kind.kind, handshake)) {
            swarm.kinds.push_back(&kind);
        }
    }
    return swarm;
}

// rapidcheck's sizes go from 0 to 100.
constexpr std::uint32_t ops_per_size = 2;

Scenario draw_scenario(Draw& draw, const Swarm& swarm, int size) {
    constexpr std::uint32_t raw_size_max = 64;
    Scenario scenario{.setup = swarm.setup, .ops = {}, .raw = {}};
    if (swarm.has_raw) {
        scenario.raw.resize(draw.below(raw_size_max + 1));
        std::ranges::generate(scenario.raw,
                              [&] { return static_cast<std::uint8_t>(draw.below(256)); });
    }
    std::vector<const OpDescription*> serving;
    std::ranges::copy_if(swarm.kinds, std::back_inserter(serving), serves);
    const std::uint32_t op_count_max =
        std::min(static_cast<std::uint32_t>(std::max(size, 0)) * ops_per_size,
                 static_cast<std::uint32_t>(scenario::ops_max));
    const std::uint32_t op_count = swarm.kinds.empty() ? 0 : draw.below(op_count_max + 1);
    for (std::uint32_t i = 0; i < op_count; ++i) {
        const auto& kinds = !serving.empty() && draw.one_in(2) ? serving : swarm.kinds;
        const auto kind = draw.below(static_cast<std::uint32_t>(kinds.size()));
        scenario.ops.push_back(draw_op(draw, *kinds[kind], swarm.ends));
    }
    return scenario;
}

// ---- shrinking ----

rc::Shrinkable<Document> shrinking(Document document) {
    return rc::shrinkable::shrinkRecur(std::move(document), [](const Document& complex) {
        std::vector<Document> documents;
        for (Scenario& simpler : scenario::shrinks(complex.scenario)) {
            documents.push_back({.play = complex.play, .scenario = std::move(simpler)});
        }
        return rc::seq::fromContainer(std::move(documents));
    });
}

// Kinds of op that end a connection, or lead to its end.
bool ends_a_connection(const OpDescription* kind) {
    return kind->kind == OpKind::app_close || kind->kind == OpKind::alloc_fail;
}

// Bytes of which each may be anything from the start; rapidcheck's own begin small.
rc::Gen<std::vector<std::uint8_t>> any_bytes() {
    return [](const rc::Random& random, int size) {
        Draw draw{random};
        std::vector<std::uint8_t> bytes(
            draw.below(static_cast<std::uint32_t>(std::max(size, 0)) + 1));
        std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(draw.below(256)); });
        return rc::shrinkable::shrinkRecur(
            std::move(bytes), [](const std::vector<std::uint8_t>& complex) {
                return rc::seq::concat(rc::shrink::removeChunks(complex),
                                       rc::shrink::eachElement(complex, [](std::uint8_t byte) {
                                           return rc::shrink::towards<std::uint8_t>(byte, 0);
                                       }));
            });
    };
}

}  // namespace

rc::Gen<Document> sessions_for(const Play& play) {
    return rc::Gen<Document>{[play](const rc::Random& random, int size) {
               Draw draw{random};
               return shrinking(
                   {.play = play, .scenario = draw_scenario(draw, draw_swarm(draw, play), size)});
           }}
        .as("scenario");
}

namespace {

bool is_said(const Op& op) noexcept {
    return op.kind == OpKind::app_write || op.kind == OpKind::peer_write ||
           op.kind == OpKind::app_close;
}

// Ops that change nothing but how bytes are cut and when.
Op draw_cut(Draw& draw) {
    constexpr std::array<OpKind, 4> kinds{OpKind::service_pass, OpKind::tx_room, OpKind::rx_room,
                                          OpKind::app_read_size};
    const OpKind kind = draw.one_in(2) ? OpKind::service_pass : draw.one_of(kinds);
    if (kind == OpKind::service_pass) {
        return {.kind = kind};
    }
    return scenario::canonical(Op{.kind = kind, .choice = 0, .number = draw_room(draw)});
}

}  // namespace

rc::Gen<Document> streams() {
    return rc::Gen<Document>{[](const rc::Random& random, int size) {
               Draw draw{random};
               Scenario scenario{.setup = draw_setup(draw), .ops = {}, .raw = {}};
               const std::uint32_t count =
                   draw.below(static_cast<std::uint32_t>(std::max(size, 0)) / 4 + 2);
               for (std::uint32_t i = 0; i < count; ++i) {
                   const OpKind kind = draw.one_in(2) ? OpKind::app_write : OpKind::peer_write;
                   scenario.ops.push_back({.kind = kind,
                                           .choice = 0,
                                           .number = draw_number(draw, scenario::size_max)});
               }
               return shrinking({.play = tls_stream, .scenario = std::move(scenario)});
           }}
        .as("scenario");
}

rc::Gen<Document> sessions_without_memory() {
    return rc::Gen<Document>{[](const rc::Random& random, int size) {
               constexpr std::uint32_t allocations_of_a_session = 100;
               Draw draw{random};
               Scenario scenario = draw_scenario(draw, draw_swarm(draw, tls_stream), size);
               const auto at = draw.below(static_cast<std::uint32_t>(scenario.ops.size()) + 1);
               const auto nth = static_cast<std::uint16_t>(draw.below(allocations_of_a_session));
               scenario.ops.insert(scenario.ops.begin() + at,
                                   {.kind = OpKind::alloc_fail, .choice = 0, .number = nth});
               return shrinking({.play = tls_stream, .scenario = std::move(scenario)});
           }}
        .as("scenario");
}

rc::Gen<Scenario> cut_otherwise(const Scenario& scenario) {
    return rc::Gen<Scenario>{[scenario](const rc::Random& random, int) {
               constexpr std::uint32_t cuts_max = 4;
               Draw draw{random};
               Scenario cut{.setup = scenario.setup, .ops = {}, .raw = scenario.raw};
               for (const Op& op : scenario.ops) {
                   for (std::uint32_t i = draw.below(cuts_max + 1); i > 0; --i) {
                       cut.ops.push_back(draw_cut(draw));
                   }
                   if (is_said(op)) {
                       cut.ops.push_back(op);
                   }
               }
               return rc::shrinkable::shrinkRecur(std::move(cut), [](const Scenario& complex) {
                   std::vector<Scenario> simpler = scenario::shrinks(complex);
                   // What is said stays said.
                   std::erase_if(simpler, [&](const Scenario& candidate) {
                       std::vector<Op> said;
                       std::vector<Op> said_before;
                       std::ranges::copy_if(candidate.ops, std::back_inserter(said), is_said);
                       std::ranges::copy_if(complex.ops, std::back_inserter(said_before), is_said);
                       return said != said_before || candidate.setup != complex.setup;
                   });
                   return rc::seq::fromContainer(std::move(simpler));
               });
           }}
        .as("cut otherwise");
}

rc::Gen<Document> patient_sessions() {
    return rc::Gen<Document>{[](const rc::Random& random, int size) {
               Draw draw{random};
               Swarm swarm = draw_swarm(draw, poll_loop);
               std::erase_if(swarm.kinds, ends_a_connection);
               swarm.ends = false;
               return shrinking({.play = poll_loop, .scenario = draw_scenario(draw, swarm, size)});
           }}
        .as("scenario");
}

}  // namespace shimfuzz::props

namespace rc {

using shimfuzz::props::Bytes;
using shimfuzz::props::Walk;
using shimfuzz::scenario::Document;
using shimfuzz::scenario::Op;
using shimfuzz::scenario::Scenario;
using shimfuzz::scenario::Setup;

namespace props = shimfuzz::props;
namespace scenario = shimfuzz::scenario;

Gen<Op> Arbitrary<Op>::arbitrary() {
    return [](const Random& random, int) {
        props::Draw draw{random};
        const auto table = scenario::op_table();
        const auto kind = draw.below(static_cast<std::uint32_t>(table.size()));
        const Op op = props::draw_op(draw, table[kind], true);
        return shrinkable::shrinkRecur(op, [](const Op& complex) {
            std::vector<Op> ops;
            for (const Scenario& one : scenario::shrinks({.setup = {}, .ops = {complex}})) {
                ops.insert(ops.end(), one.ops.begin(), one.ops.end());
            }
            return seq::fromContainer(std::move(ops));
        });
    };
}

Gen<Setup> Arbitrary<Setup>::arbitrary() {
    return [](const Random& random, int) {
        props::Draw draw{random};
        return shrinkable::shrinkRecur(props::draw_any_setup(draw), [](const Setup& complex) {
            std::vector<Setup> setups;
            for (const Scenario& one : scenario::shrinks({.setup = complex, .ops = {}})) {
                setups.push_back(one.setup);
            }
            return seq::fromContainer(std::move(setups));
        });
    };
}

Gen<Scenario> Arbitrary<Scenario>::arbitrary() {
    return [](const Random& random, int size) {
        props::Draw draw{random};
        props::Swarm swarm = props::draw_swarm(draw, props::poll_loop);
        const props::Swarm other = props::draw_swarm(draw, props::return_codes);
        swarm.kinds.insert(swarm.kinds.end(), other.kinds.begin(), other.kinds.end());
        return shrinkable::shrinkRecur(
            props::draw_scenario(draw, swarm, size),
            [](const Scenario& complex) { return seq::fromContainer(scenario::shrinks(complex)); });
    };
}

Gen<Document> Arbitrary<Document>::arbitrary() {
    return gen::build<Document>(
        gen::set(&Document::play,
                 gen::element(props::return_codes, props::poll_loop, props::poll_loop_any)),
        gen::set(&Document::scenario));
}

// The two halves of what an engine does: it starts from something meaningful, or it does not.
Gen<Bytes> Arbitrary<Bytes>::arbitrary() {
    const auto as_bytes = [](std::vector<std::uint8_t> bytes) { return Bytes{std::move(bytes)}; };
    const auto damaged = [](const Scenario& scenario, std::uint16_t at, std::uint8_t byte) {
        std::vector<std::uint8_t> bytes = scenario::encode(scenario);
        const auto place = bytes.begin() + at % static_cast<std::ptrdiff_t>(bytes.size());
        switch (byte % 3) {
        case 0:
            bytes.insert(place, byte);
            break;
        case 1:
            bytes.erase(place);
            break;
        default:
            *place = byte;
        }
        return Bytes{std::move(bytes)};
    };
    return gen::oneOf(gen::map(props::any_bytes(), as_bytes),
                      gen::apply(damaged, gen::arbitrary<Scenario>(),
                                 gen::arbitrary<std::uint16_t>(), gen::arbitrary<std::uint8_t>()));
}

Gen<Walk> Arbitrary<Walk>::arbitrary() {
    return gen::map(props::any_bytes(),
                    [](std::vector<std::uint8_t> choices) { return Walk{std::move(choices)}; });
}

}  // namespace rc
