// SPDX-License-Identifier: Apache-2.0
//
// Promises about the scenario as a value: its three spellings say the same, and it can be made
// simpler. Nothing is played here.

#include "props/generators.hpp"
#include "scenario/bytes.hpp"
#include "scenario/op_table.hpp"
#include "scenario/shrink.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

using namespace shimfuzz;
using scenario::Document;
using scenario::Op;
using scenario::Scenario;
using scenario::Setup;

namespace {

std::string_view view(const std::vector<char>& text) {
    return {text.data(), text.size()};
}

// For promises about all simpler scenarios, of which a long one has a thousand.
rc::Gen<Scenario> short_scenarios() {
    return rc::gen::scale(0.2, rc::gen::arbitrary<Scenario>());
}

}  // namespace

RC_GTEST_PROP(Scenario, decoding_an_encoded_scenario_gives_the_original,
              (const Scenario& scenario)) {
    RC_CLASSIFY(scenario.ops.empty(), "no ops");
    RC_ASSERT(scenario::decode(scenario::encode(scenario)) == scenario);
}

RC_GTEST_PROP(Scenario, encoding_what_was_decoded_decodes_to_the_same,
              (const props::Bytes& bytes)) {
    const Scenario scenario = scenario::decode(bytes.bytes);
    RC_CLASSIFY(scenario.ops.empty(), "no ops");
    RC_ASSERT(scenario::decode(scenario::encode(scenario)) == scenario);
}

RC_GTEST_PROP(Scenario, parsing_a_printed_scenario_gives_the_original, (const Document& document)) {
    const std::vector<char> text = scenario::print(document);
    const auto parsed = scenario::parse(view(text));
    RC_CLASSIFY(document.scenario.ops.empty(), "no ops");
    RC_ASSERT(std::holds_alternative<Document>(parsed));
    RC_ASSERT(std::get<Document>(parsed) == document);
}

RC_GTEST_PROP(Scenario, printed_text_is_recognised_as_text, (const Document& document)) {
    RC_ASSERT(scenario::looks_like_text(view(scenario::print(document))));
}

RC_GTEST_PROP(Scenario, encoded_bytes_are_not_mistaken_for_text, (const Scenario& scenario)) {
    const std::vector<std::uint8_t> bytes = scenario::encode(scenario);
    const std::vector<char> characters(bytes.begin(), bytes.end());
    RC_ASSERT(!scenario::looks_like_text(view(characters)));
}

RC_GTEST_PROP(Scenario, bytes_added_behind_change_no_op_before_them,
              (const Scenario& scenario, const props::Bytes& more)) {
    std::vector<std::uint8_t> bytes = scenario::encode(scenario);
    bytes.insert(bytes.end(), more.bytes.begin(), more.bytes.end());
    const Scenario longer = scenario::decode(bytes);
    RC_ASSERT(longer.setup == scenario.setup);
    RC_ASSERT(longer.ops.size() >= scenario.ops.size());
    RC_ASSERT(std::equal(scenario.ops.begin(), scenario.ops.end(), longer.ops.begin()));
}

RC_GTEST_PROP(Scenario, a_canonical_op_is_its_own_canonical_form, (const Op& op)) {
    RC_ASSERT(scenario::canonical(op) == op);
}

RC_GTEST_PROP(Scenario, a_canonical_setup_is_its_own_canonical_form, (const Setup& setup)) {
    RC_ASSERT(scenario::canonical(setup) == setup);
}

RC_GTEST_PROP(Scenario, every_operand_has_one_canonical_form,
              (const Op& op, std::uint8_t choice, std::uint16_t number)) {
    const Op once = scenario::canonical({.kind = op.kind, .choice = choice, .number = number});
    RC_ASSERT(scenario::canonical(once) == once);
}

RC_GTEST_PROP(Scenario, every_simpler_scenario_is_lighter, ()) {
    const Scenario scenario = *short_scenarios();
    for (const Scenario& simpler : scenario::shrinks(scenario)) {
        RC_ASSERT(scenario::weight(simpler) < scenario::weight(scenario));
    }
}

RC_GTEST_PROP(Scenario, every_simpler_scenario_can_be_encoded, ()) {
    const Scenario scenario = *short_scenarios();
    for (const Scenario& simpler : scenario::shrinks(scenario)) {
        RC_ASSERT(scenario::decode(scenario::encode(simpler)) == simpler);
    }
}
