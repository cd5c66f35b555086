// SPDX-License-Identifier: Apache-2.0
//
// Facts about scenarios: bytes of any kind decode, text is refused with line and reason, the table
// of ops is consistent, and simpler scenarios are simpler.
//
// What holds for any scenario is stated in props/scenario_promises.cpp; here are the edges.

#include "scenario/allocation_sweep.hpp"
#include "scenario/bytes.hpp"
#include "scenario/draw.hpp"
#include "scenario/op_table.hpp"
#include "scenario/shrink.hpp"
#include "scenario/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

using namespace shimfuzz;
using namespace shimfuzz::scenario;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes drawn_bytes(Chance& chance, std::size_t count) {
    Bytes bytes(count);
    std::ranges::generate(bytes, [&] { return static_cast<std::uint8_t>(chance.below(256)); });
    return bytes;
}

// Every operand inside its limits, and none where the kind has none.
void expect_canonical(const Scenario& scenario) {
    EXPECT_EQ(canonical(scenario.setup), scenario.setup);
    EXPECT_LE(scenario.ops.size(), ops_max);
    for (const Op& op : scenario.ops) {
        EXPECT_EQ(canonical(op), op);
    }
}

void expect_round_trip(const Bytes& bytes) {
    const Scenario scenario = decode(bytes);
    expect_canonical(scenario);
    EXPECT_EQ(decode(encode(scenario)), scenario);
}

// The setup, all zero, before `ops`.
Bytes after_plain_setup(const Bytes& ops) {
    Bytes bytes(setup_size, 0);
    bytes.insert(bytes.end(), ops.begin(), ops.end());
    return bytes;
}

constexpr std::uint8_t slot_of(OpKind kind) {
    return static_cast<std::uint8_t>(kind);
}

std::string text_of(const Document& document) {
    const std::vector<char> text = print(document);
    return {text.begin(), text.end()};
}

Document parsed(std::string_view text) {
    const std::variant<Document, ParseError> result = parse(text);
    if (const auto* error = std::get_if<ParseError>(&result)) {
        ADD_FAILURE() << "line " << error->line << ": " << error->reason;
        return {};
    }
    return std::get<Document>(result);
}

// What is said about a text that is no scenario: `line: reason`.
std::string refusal(std::string_view text) {
    const std::variant<Document, ParseError> result = parse(text);
    const auto* error = std::get_if<ParseError>(&result);
    return error == nullptr ? "accepted" : std::to_string(error->line) + ": " + error->reason;
}

constexpr std::string_view plain_setup = "setup\n";

std::string refusal_of_op(std::string_view op) {
    return refusal(std::string{plain_setup} + std::string{op} + "\n");
}

}  // namespace

// ---- bytes ----

TEST(Bytes, nothing_is_the_plain_scenario) {
    EXPECT_EQ(decode({}), Scenario{});
}

TEST(Bytes, missing_ones_are_zero) {
    const Scenario whole{.setup = {.side = Side::client, .start = Start::handshake, .read_size = 3},
                         .ops = {{.kind = OpKind::answer_read,
                                  .choice = static_cast<std::uint8_t>(AnswerCode::raw),
                                  .number = 0x1234}}};
    const Bytes bytes = encode(whole);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        Bytes zero_filled(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        const Scenario cut = decode(zero_filled);
        expect_canonical(cut);
        // A whole op of zeros would be one more op, so fill up no further than the op goes.
        zero_filled.resize(size > setup_size ? bytes.size() : size, 0);
        EXPECT_EQ(decode(zero_filled), cut) << "cut after " << size << " bytes";
    }
}

TEST(Bytes, of_any_kind_are_a_scenario) {
    Chance chance{1};
    for (std::size_t size = 0; size < 300; ++size) {
        expect_round_trip(drawn_bytes(chance, size));
        expect_round_trip(Bytes(size, static_cast<std::uint8_t>(size)));
    }
}

TEST(Bytes, of_one_value_only_are_a_scenario) {
    for (unsigned value = 0; value < 256; ++value) {
        expect_round_trip(Bytes(64, static_cast<std::uint8_t>(value)));
    }
}

// No byte of it ends the ops, wherever it is read as an opcode.
Bytes without_raw_mark(Bytes bytes) {
    for (std::uint8_t& byte : bytes) {
        byte = byte % opcode_slots == raw_slot ? static_cast<std::uint8_t>(byte + 1) : byte;
    }
    return bytes;
}

TEST(Bytes, behind_the_mark_are_raw) {
    const Scenario scenario = decode(after_plain_setup(
        {slot_of(OpKind::app_close), raw_slot, slot_of(OpKind::app_close), raw_slot, 0xff}));
    EXPECT_EQ(scenario.ops, std::vector<Op>{{.kind = OpKind::app_close}});
    EXPECT_EQ(scenario.raw, (Bytes{slot_of(OpKind::app_close), raw_slot, 0xff}));
    EXPECT_EQ(decode(encode(scenario)), scenario);
    EXPECT_EQ(decode(Bytes(std::size_t{1} << 20, raw_slot)).raw.size(), raw_max);
}

TEST(Bytes, that_are_raw_follow_the_last_op_there_can_be) {
    Scenario scenario{.setup = {}, .ops = {}, .raw = {1, 2, 3}};
    scenario.ops.assign(ops_max, {.kind = OpKind::app_close});
    EXPECT_EQ(decode(encode(scenario)), scenario);
}

TEST(Bytes, beyond_the_last_op_are_ignored) {
    constexpr std::size_t mebibyte = std::size_t{1} << 20;
    Chance chance{2};
    Bytes bytes = without_raw_mark(drawn_bytes(chance, mebibyte));
    const Scenario scenario = decode(bytes);
    EXPECT_EQ(scenario.ops.size(), ops_max);
    expect_canonical(scenario);
    bytes.resize(setup_size + opcode_slots * ops_max);
    EXPECT_EQ(decode(bytes), scenario);
    EXPECT_EQ(decode(Bytes(mebibyte, slot_of(OpKind::app_close))).ops.size(), ops_max);
}

TEST(Bytes, a_mebibyte_of_unassigned_slots_is_no_op_at_all) {
    constexpr std::uint8_t retired = 63;
    ASSERT_EQ(find_op(retired), nullptr);
    EXPECT_TRUE(decode(Bytes(std::size_t{1} << 20, retired)).ops.empty());
}

TEST(Bytes, unassigned_slots_are_passed_over) {
    Bytes ops;
    std::vector<Op> expected;
    for (std::uint8_t slot = 0; slot < opcode_slots; ++slot) {
        if (find_op(slot) == nullptr && slot != raw_slot) {
            ops.push_back(slot);
            ops.push_back(slot_of(OpKind::app_close));
            expected.push_back({.kind = OpKind::app_close});
        }
    }
    ASSERT_FALSE(expected.empty());
    EXPECT_EQ(decode(after_plain_setup(ops)).ops, expected);
}

TEST(Bytes, an_opcode_counts_modulo_the_slots) {
    for (const unsigned wrap : {0U, 64U, 128U, 192U}) {
        const auto opcode = static_cast<std::uint8_t>(slot_of(OpKind::app_close) + wrap);
        EXPECT_EQ(decode(after_plain_setup({opcode})).ops,
                  std::vector<Op>{{.kind = OpKind::app_close}});
    }
}

TEST(Bytes, numbers_come_low_byte_first_and_wrap_at_their_limit) {
    const auto number_of = [](std::uint8_t low, std::uint8_t high) {
        return decode(after_plain_setup({slot_of(OpKind::tx_room), low, high})).ops.at(0).number;
    };
    EXPECT_EQ(number_of(1, 0), 1);
    EXPECT_EQ(number_of(0, 1), 256);
    EXPECT_EQ(number_of(size_max & 0xff, size_max >> 8), size_max);
    EXPECT_EQ(number_of((size_max + 1) & 0xff, (size_max + 1) >> 8), 0);
    EXPECT_EQ(number_of(0xff, 0xff), 0xffff % (size_max + 1));
}

TEST(Bytes, of_the_setup_that_are_not_assigned_are_skipped) {
    Bytes bytes(setup_size, 0xff);
    const scenario::Setup setup = decode(bytes).setup;
    EXPECT_EQ(setup.side, Side::client);
    EXPECT_EQ(setup.start, Start::handshake);
    bytes.push_back(slot_of(OpKind::app_close));
    EXPECT_EQ(decode(bytes).ops.size(), 1U);
    EXPECT_EQ(decode(bytes).setup, setup);
}

TEST(Bytes, a_read_size_is_never_zero) {
    for (unsigned size = 0; size <= 0xffff; ++size) {
        const scenario::Setup setup =
            canonical(scenario::Setup{.read_size = static_cast<std::uint16_t>(size)});
        ASSERT_GE(setup.read_size, 1);
        ASSERT_LE(setup.read_size, size_max);
        ASSERT_EQ(canonical(setup), setup);
    }
}

TEST(Bytes, written_into_too_little_room_leave_whole_ops_out) {
    Chance chance{7};
    const Scenario scenario = decode(drawn_bytes(chance, 80));
    const Bytes whole = encode(scenario);
    for (std::size_t room = 0; room <= whole.size() + 1; ++room) {
        Bytes bytes(room, 0xee);
        const std::size_t size = encode_into(bytes, scenario);
        ASSERT_LE(size, std::min(room, whole.size()));
        ASSERT_TRUE(std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size),
                               whole.begin()));
        bytes.resize(size);
        const std::vector<Op> ops = decode(bytes).ops;
        ASSERT_LE(ops.size(), scenario.ops.size());
        ASSERT_TRUE(std::equal(ops.begin(), ops.end(), scenario.ops.begin()));
        // Nothing is left out that would have fitted.
        const bool all = ops.size() == scenario.ops.size();
        ASSERT_TRUE(all || size + op_size_max > room || room < setup_size);
    }
}

// What is stored must mean the same for ever: these bytes are written down, not computed.
TEST(Bytes, keep_their_meaning) {
    const Bytes stored{0x03, 0x10, 0x00, 0,    0, 0, 0, 0,  // client, handshake, 16
                       0x02, 0x05, 0x00,                    // call_write 5
                       0x09, 0x03,                          // service_pass in,out
                       0x0d, 0x02, 0x00, 0x00,              // answer_write want_write
                       0x0c, 0x17, 0x00, 0x69,              // answer_read raw
                       0x10, 0x01,                          // errno_noise EAGAIN
                       0x14, 0x01, 0x00,                    // tx_room 1
                       0x15, 0x00, 0x40,                    // rx_record 16384
                       0x28};                               // misuse_other_write
    EXPECT_EQ(text_of({.play = {}, .scenario = decode(stored)}),
              "setup format=1 seam=scripted loop=lawful profile=plausible side=client "
              "start=handshake read_size=16\n"
              "call_write size=5\n"
              "service_pass revents=in,out\n"
              "answer_write code=want_write\n"
              "answer_read code=raw value=0x6900\n"
              "errno_noise errno=EAGAIN\n"
              "tx_room bytes=1\n"
              "rx_record bytes=16384\n"
              "misuse_other_write\n");
    EXPECT_EQ(encode(decode(stored)), stored);
}

// ---- the table of ops ----

TEST(OpTable, has_each_name_once) {
    std::set<std::string_view> names;
    for (const OpDescription& op : op_table()) {
        EXPECT_TRUE(names.insert(op.name).second) << op.name;
    }
}

TEST(OpTable, has_each_slot_once_and_below_the_limit) {
    std::set<std::uint8_t> slots;
    for (const OpDescription& op : op_table()) {
        EXPECT_LT(slot_of(op.kind), opcode_slots) << op.name;
        EXPECT_TRUE(slots.insert(slot_of(op.kind)).second) << op.name;
    }
}

TEST(OpTable, is_found_by_slot_and_by_name) {
    for (const OpDescription& op : op_table()) {
        EXPECT_EQ(find_op(slot_of(op.kind)), &op) << op.name;
        EXPECT_EQ(find_op(op.name), &op) << op.name;
        EXPECT_EQ(&describe(op.kind), &op) << op.name;
    }
    EXPECT_EQ(find_op("no_such_op"), nullptr);
    EXPECT_EQ(find_op(""), nullptr);
}

TEST(OpTable, is_in_the_order_of_the_slots) {
    EXPECT_TRUE(std::ranges::is_sorted(op_table(), {}, &OpDescription::kind));
}

TEST(OpTable, describes_what_each_kind_has) {
    for (const OpDescription& op : op_table()) {
        EXPECT_FALSE(op.meaning.empty()) << op.name;
        EXPECT_EQ(op.choice_form == ChoiceForm::none, op.choices.empty()) << op.name;
        EXPECT_EQ(op.choice_form == ChoiceForm::none, op.choice_name.empty()) << op.name;
        EXPECT_EQ(op.number_form == NumberForm::none, op.number_max == 0) << op.name;
        EXPECT_EQ(op.number_form == NumberForm::always, !op.number_name.empty()) << op.name;
        EXPECT_EQ(std::set<std::string_view>(op.choices.begin(), op.choices.end()).size(),
                  op.choices.size())
            << op.name;
    }
}

TEST(OpTable, has_every_op_in_some_loop) {
    for (const OpDescription& op : op_table()) {
        bool belongs = false;
        for (const Seam seam : {Seam::scripted, Seam::real}) {
            for (const Loop loop : {Loop::none, Loop::lawful, Loop::lws}) {
                belongs = belongs || belongs_to(op.kind, {seam, loop, Profile::any});
            }
        }
        EXPECT_TRUE(belongs) << op.name;
    }
}

// ---- text ----

TEST(Text, says_all_there_is_to_an_op) {
    for (const OpDescription& description : op_table()) {
        for (unsigned choice = 0; choice < 256; ++choice) {
            const Op op = canonical({.kind = description.kind,
                                     .choice = static_cast<std::uint8_t>(choice),
                                     .number = description.number_max});
            const std::vector<char> line = print(op);
            const std::string text =
                std::string{plain_setup} + std::string{line.begin(), line.end()};
            ASSERT_EQ(parsed(text).scenario.ops, std::vector<Op>{op}) << text;
        }
    }
}

TEST(Text, may_have_comments_blank_lines_tabs_and_carriage_returns) {
    const Document document = parsed("# What this is for.\n"
                                     "\r\n"
                                     "   # and why\n"
                                     "setup side=client\t# one end\r\n"
                                     "\n"
                                     "\tapp_write   size=0x10 # sixteen\n"
                                     "service_pass");
    EXPECT_EQ(document.scenario.setup.side, Side::client);
    EXPECT_EQ(document.scenario.ops, (std::vector<Op>{{.kind = OpKind::app_write, .number = 16},
                                                      {.kind = OpKind::service_pass}}));
}

TEST(Text, leaves_out_what_is_plain) {
    EXPECT_EQ(parsed("setup"), Document{});
    EXPECT_EQ(parsed("setup\nservice_pass\n").scenario.ops.at(0).choice, 0);
    EXPECT_EQ(parsed("setup\nanswer_read code=ok\n").scenario.ops.at(0).number, 0);
}

TEST(Text, is_refused_by_line_and_reason) {
    EXPECT_EQ(refusal(""), "1: no setup line");
    EXPECT_EQ(refusal("# only\n# comments\n"), "2: no setup line");
    EXPECT_EQ(refusal("\n\nservice_pass\n"), "3: expected the setup line before 'service_pass'");
    EXPECT_EQ(refusal("setup format=2\n"), "1: format 2 is unknown; this reads format 1");
    EXPECT_EQ(refusal("setup loop=fast\n"), "1: 'fast' is not a loop: none, lawful, lws");
    EXPECT_EQ(refusal("setup side=left\n"), "1: 'left' is not a side: server, client");
    EXPECT_EQ(refusal("setup colour=red\n"), "1: setup has no field 'colour'");
    EXPECT_EQ(refusal("setup read_size=0\n"), "1: '0' is not a read_size from 1 to 20000");
    EXPECT_EQ(refusal("setup read_size=20001\n"), "1: '20001' is not a read_size from 1 to 20000");
    EXPECT_EQ(refusal("setup allow=md5,all\n"),
              "1: 'md5,all' is not a set of allow: untrusted, expired, any_host");
    EXPECT_EQ(refusal("setup client\n"), "1: 'client' is not a field (name=value)");
    EXPECT_EQ(refusal("setup\n# fine\nservice_pas\n"),
              "3: 'service_pas' is not an op; 'shimfuzz list ops' names them");
    EXPECT_EQ(refusal("setup\nsetup\n"), "2: 'setup' is not an op; 'shimfuzz list ops' names them");
}

TEST(Text, of_an_op_is_refused_by_its_operands) {
    EXPECT_EQ(refusal_of_op("app_write"), "2: app_write needs size=");
    EXPECT_EQ(refusal_of_op("app_write size="), "2: '' is not a number from 0 to 20000");
    EXPECT_EQ(refusal_of_op("app_write size=many"), "2: 'many' is not a number from 0 to 20000");
    EXPECT_EQ(refusal_of_op("app_write size=-1"), "2: '-1' is not a number from 0 to 20000");
    EXPECT_EQ(refusal_of_op("app_write size=1.5"), "2: '1.5' is not a number from 0 to 20000");
    EXPECT_EQ(refusal_of_op("app_write size=20001"), "2: '20001' is not a number from 0 to 20000");
    EXPECT_EQ(refusal_of_op("app_write size=99999999999999999999"),
              "2: '99999999999999999999' is not a number from 0 to 20000");
    EXPECT_EQ(refusal_of_op("app_write size=1 size=2"), "2: field 'size' is one too many");
    EXPECT_EQ(refusal_of_op("app_write bytes=1"), "2: app_write has no field 'bytes'");
    EXPECT_EQ(refusal_of_op("app_close now=1"), "2: app_close has no field 'now'");
    EXPECT_EQ(refusal_of_op("answer_write"), "2: answer_write needs code=");
    EXPECT_EQ(refusal_of_op("answer_write code=raw"), "2: answer_write needs value=");
    EXPECT_EQ(refusal_of_op("answer_write code=raw bytes=1"),
              "2: answer_write has no field 'bytes' with this code");
    EXPECT_EQ(refusal_of_op("answer_write code=want_write bytes=1"),
              "2: answer_write has no field 'bytes' with this code");
    EXPECT_EQ(refusal_of_op("app_rx_flow flow=of"),
              "2: 'of' is not a flow of app_rx_flow: on, off");
    EXPECT_EQ(refusal_of_op("service_pass revents=in,err"),
              "2: 'in,err' is not a revents of service_pass: in, out, hup");
}

TEST(Text, of_raw_bytes_is_refused_by_what_is_no_byte) {
    EXPECT_EQ(parsed("setup\nraw hex=00fF\nraw hex=1a\n").scenario.raw, (Bytes{0, 255, 26}));
    EXPECT_EQ(refusal_of_op("raw"), "2: raw needs hex= and nothing else");
    EXPECT_EQ(refusal_of_op("raw bytes=00"), "2: raw needs hex= and nothing else");
    EXPECT_EQ(refusal_of_op("raw hex=00 hex=00"), "2: raw needs hex= and nothing else");
    const std::string in_all = std::to_string(raw_max) + " in all";
    EXPECT_EQ(refusal_of_op("raw hex=000"),
              "2: raw bytes are two digits each, and at most " + in_all);
    EXPECT_EQ(refusal_of_op("raw hex=0x"), "2: '0x' is not a byte in hexadecimal");
    EXPECT_EQ(refusal_of_op("raw hex=00-1"), "2: '-1' is not a byte in hexadecimal");
    const std::string full = "raw hex=" + std::string(2 * raw_max, '0');
    EXPECT_EQ(parsed("setup\n" + full).scenario.raw.size(), raw_max);
    EXPECT_EQ(refusal("setup\n" + full + "\nraw hex=00\n"),
              "3: raw bytes are two digits each, and at most " + in_all);
}

TEST(Text, holds_as_many_ops_as_a_scenario_and_no_more) {
    std::string text{plain_setup};
    for (std::size_t i = 0; i < ops_max; ++i) {
        text += "app_close\n";
    }
    EXPECT_EQ(parsed(text).scenario.ops.size(), ops_max);
    EXPECT_EQ(refusal(text + "app_close\n"), std::to_string(ops_max + 2) + ": more than 512 ops");
}

TEST(Text, of_any_bytes_is_parsed_or_refused) {
    Chance chance{3};
    for (std::size_t size = 0; size < 400; ++size) {
        const Bytes bytes = drawn_bytes(chance, size);
        const std::string text(bytes.begin(), bytes.end());
        EXPECT_NE(refusal(text), "accepted");
        EXPECT_NE(refusal("setup\n!" + text), "accepted");
    }
}

TEST(Text, is_told_from_bytes) {
    EXPECT_TRUE(looks_like_text("setup\n"));
    EXPECT_TRUE(looks_like_text("# a comment\nsetup\n"));
    EXPECT_TRUE(looks_like_text("\r\n\t setup"));
    EXPECT_TRUE(looks_like_text("# caf\xc3\xa9\n"));
    EXPECT_FALSE(looks_like_text(""));
    EXPECT_FALSE(looks_like_text("   \n"));
    EXPECT_FALSE(looks_like_text("service_pass\n"));
    EXPECT_FALSE(looks_like_text(std::string_view{"setup\0", 6}));
    EXPECT_FALSE(looks_like_text("setup\x7f"));
    EXPECT_FALSE(looks_like_text("\x1b[0msetup"));
}

// ---- drawn scenarios ----

std::vector<Play> all_plays() {
    std::vector<Play> plays;
    for (const Seam seam : {Seam::scripted, Seam::real}) {
        for (const Loop loop : {Loop::none, Loop::lawful, Loop::lws}) {
            for (const Profile profile : {Profile::plausible, Profile::any}) {
                plays.push_back({.seam = seam, .loop = loop, .profile = profile});
            }
        }
    }
    return plays;
}

// Some three hundred ops of each kind; so many differ from their mean by less than a third.
TEST(Draw, without_a_taste_takes_any_kind_of_op_that_means_something_as_often_as_another) {
    constexpr std::size_t ops_of_a_kind = 300;
    for (const Play& play : all_plays()) {
        const auto means_something = [&](const OpDescription& description) {
            return belongs_to(description.kind, play);
        };
        const auto kinds = std::ranges::count_if(op_table(), means_something);
        Chance chance{6};
        std::map<OpKind, std::size_t> drawn;
        std::set<std::size_t> lengths;
        std::size_t most_raw = 0;
        for (std::size_t ops = 0; ops < static_cast<std::size_t>(kinds) * ops_of_a_kind;) {
            const Scenario scenario = draw_uniformly(chance, play);
            expect_canonical(scenario);
            ops += scenario.ops.size();
            lengths.insert(scenario.ops.size());
            most_raw = std::max(most_raw, scenario.raw.size());
            for (const Op& op : scenario.ops) {
                ++drawn[op.kind];
            }
        }
        EXPECT_EQ(drawn.size(), static_cast<std::size_t>(kinds));
        for (const auto& [kind, count] : drawn) {
            EXPECT_TRUE(belongs_to(kind, play)) << describe(kind).name;
            EXPECT_GT(count, ops_of_a_kind * 2 / 3) << describe(kind).name;
            EXPECT_LT(count, ops_of_a_kind * 3 / 2) << describe(kind).name;
        }
        EXPECT_LE(*lengths.rbegin(), uniform_ops_max);
        EXPECT_GE(*lengths.rbegin(), uniform_ops_max * 9 / 10);
        const bool holds_raw =
            belongs_to(OpKind::wire_raw, play) || belongs_to(OpKind::config_alpn, play);
        EXPECT_EQ(most_raw > 0, holds_raw);
        EXPECT_LE(most_raw, uniform_raw_max);
    }
}

// ---- simpler scenarios ----

TEST(Shrink, of_the_plain_scenario_is_nothing) {
    EXPECT_TRUE(shrinks(Scenario{}).empty());
}

TEST(Shrink, gives_strictly_lighter_canonical_scenarios) {
    Chance chance{4};
    for (std::size_t size = 0; size < 160; ++size) {
        const Scenario scenario = decode(drawn_bytes(chance, size));
        for (const Scenario& simpler : shrinks(scenario)) {
            ASSERT_LT(weight(simpler), weight(scenario));
            ASSERT_NE(simpler, scenario);
            expect_canonical(simpler);
        }
    }
}

TEST(Shrink, drops_every_single_op) {
    Chance chance{5};
    const Scenario scenario = decode(without_raw_mark(drawn_bytes(chance, 60)));
    ASSERT_GT(scenario.ops.size(), 4U);
    const std::vector<Scenario> candidates = shrinks(scenario);
    for (std::size_t i = 0; i < scenario.ops.size(); ++i) {
        Scenario without = scenario;
        without.ops.erase(without.ops.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_NE(std::ranges::find(candidates, without), candidates.end()) << "op " << i;
    }
}

TEST(Shrink, lowers_a_number_to_where_it_may_matter) {
    const std::vector<Scenario> candidates =
        shrinks(Scenario{.setup = {}, .ops = {{.kind = OpKind::tx_room, .number = 3000}}});
    constexpr std::array<std::uint16_t, 7> numbers{0, 1, 2, 1460, 1461, 1500, 2999};
    for (const std::uint16_t number : numbers) {
        const Scenario lower{.setup = {}, .ops = {{.kind = OpKind::tx_room, .number = number}}};
        EXPECT_NE(std::ranges::find(candidates, lower), candidates.end()) << number;
    }
}

TEST(Shrink, makes_choices_and_the_setup_plainer) {
    const auto failed = static_cast<std::uint8_t>(AnswerCode::conn_reset);
    const Scenario scenario{
        .setup = {.side = Side::client, .start = Start::handshake, .read_size = 100},
        .ops = {{.kind = OpKind::answer_read, .choice = failed}}};
    const std::vector<Scenario> candidates = shrinks(scenario);
    const auto has = [&](const auto& change) {
        Scenario plainer = scenario;
        change(plainer);
        return std::ranges::find(candidates, plainer) != candidates.end();
    };
    EXPECT_TRUE(has([](Scenario& plainer) { plainer.setup.side = Side::server; }));
    EXPECT_TRUE(has([](Scenario& plainer) { plainer.setup.start = Start::established; }));
    EXPECT_TRUE(has([](Scenario& plainer) { plainer.setup.read_size = 4096; }));
    EXPECT_TRUE(has([](Scenario& plainer) { plainer.setup.read_size = 1; }));
    EXPECT_TRUE(has([](Scenario& plainer) { plainer.ops[0].choice = 0; }));
}

TEST(Shrink, drops_and_clears_raw_bytes) {
    const Scenario scenario{.setup = {}, .ops = {}, .raw = {7, 0, 9, 1}};
    const std::vector<Scenario> candidates = shrinks(scenario);
    const auto has = [&](const std::vector<std::uint8_t>& raw) {
        return std::ranges::find(candidates, Scenario{.setup = {}, .ops = {}, .raw = raw}) !=
               candidates.end();
    };
    EXPECT_TRUE(has({}));
    EXPECT_TRUE(has({7, 0}));
    EXPECT_TRUE(has({7, 0, 9}));
    EXPECT_TRUE(has({0, 9, 1}));
    EXPECT_TRUE(has({0, 0, 0, 0}));
    EXPECT_TRUE(has({7, 0, 9, 0}));
    EXPECT_TRUE(has({7, 0, 0, 1}));
    EXPECT_FALSE(has({7, 0, 9, 1}));
}

TEST(Shrink, tries_the_boldest_first) {
    const Scenario scenario{.setup = {}, .ops = std::vector<Op>(16, Op{.kind = OpKind::app_close})};
    const std::vector<Scenario> candidates = shrinks(scenario);
    ASSERT_FALSE(candidates.empty());
    EXPECT_LE(candidates.front().ops.size(), scenario.ops.size() / 2);
    EXPECT_TRUE(std::ranges::is_sorted(
        candidates, {}, [](const Scenario& candidate) { return candidate.ops.size(); }));
}

TEST(Shrink, ends_wherever_it_leads) {
    // Always the heaviest candidate: the longest way down there is.
    Chance chance{6};
    Scenario scenario = decode(drawn_bytes(chance, 40));
    std::uint32_t steps = 0;
    for (std::vector<Scenario> candidates = shrinks(scenario); !candidates.empty();
         candidates = shrinks(scenario)) {
        scenario = *std::ranges::max_element(candidates, {}, weight);
        ASSERT_LT(++steps, 1000000U);
    }
    EXPECT_EQ(scenario, Scenario{});
}

TEST(AllocationSweep, fails_one_allocation_after_the_other) {
    const Scenario scenario{
        .setup = {},
        .ops = {{.kind = OpKind::tx_room, .number = 3}, {.kind = OpKind::alloc_fail, .number = 7}},
        .raw = {}};
    Scenario failing;
    ASSERT_TRUE(sweep_into(scenario, 0, failing));
    EXPECT_EQ(failing, scenario);
    ASSERT_TRUE(sweep_into(scenario, 2, failing));
    EXPECT_EQ(failing.ops[1].number, 9);
    EXPECT_EQ(failing.ops[0], scenario.ops[0]);
}

TEST(AllocationSweep, begins_with_the_first_allocation_where_none_is_named) {
    const Scenario scenario{
        .setup = {}, .ops = {{.kind = OpKind::tx_room, .number = 3}}, .raw = {}};
    Scenario failing;
    ASSERT_TRUE(sweep_into(scenario, 1, failing));
    ASSERT_EQ(failing.ops.size(), 2U);
    EXPECT_EQ(failing.ops[0], (Op{.kind = OpKind::alloc_fail, .number = 1}));
    EXPECT_EQ(failing.ops[1], scenario.ops[0]);
}

TEST(AllocationSweep, ends_where_numbers_do) {
    const std::uint16_t last = describe(OpKind::alloc_fail).number_max;
    const Scenario scenario{
        .setup = {}, .ops = {{.kind = OpKind::alloc_fail, .number = last}}, .raw = {}};
    Scenario failing;
    EXPECT_TRUE(sweep_into(scenario, 0, failing));
    EXPECT_FALSE(sweep_into(scenario, 1, failing));
}

TEST(AllocationSweep, has_room_in_a_full_scenario) {
    const Scenario scenario{
        .setup = {}, .ops = std::vector<Op>(ops_max, Op{.kind = OpKind::call_read}), .raw = {}};
    Scenario failing;
    ASSERT_TRUE(sweep_into(scenario, 0, failing));
    EXPECT_EQ(failing.ops.size(), ops_max);
    EXPECT_EQ(failing.ops.front().kind, OpKind::alloc_fail);
}
