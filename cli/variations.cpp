// SPDX-License-Identifier: Apache-2.0

#include "cli/variations.hpp"

#include "scenario/op_table.hpp"
#include "scenario/shrink.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace shimfuzz::cli {
namespace {

using scenario::Document;
using scenario::Op;
using scenario::Scenario;
using scenario::Setup;

// Each kind of change is larger than all of the one before: a number that is another one is nearer
// to what was there than another answer, and that is nearer than another order.
constexpr std::uint64_t size_of_choice = std::uint64_t{1} << 20;
constexpr std::uint64_t size_of_order = std::uint64_t{1} << 21;
constexpr std::uint64_t size_of_place = std::uint64_t{1} << 22;
constexpr std::uint64_t size_of_none = std::uint64_t{1} << 23;  // nothing instead of some
constexpr std::uint64_t size_of_loss = std::uint64_t{1} << 24;
constexpr std::uint64_t size_of_setup = std::uint64_t{1} << 25;

std::string text_of_op(const Op& op) {
    const std::vector<char> text = scenario::print(op);
    return {text.begin(), text.end()};
}

// The word of `line` that begins with `name=`, without it; "" if there is none.
std::string value_in(const std::string& line, const std::string& name) {
    std::istringstream words{line};
    for (std::string word; words >> word;) {
        if (word.starts_with(name + "=")) {
            return word.substr(name.size() + 1);
        }
    }
    return "";
}

void append_with_op(std::vector<Variation>& all, const Scenario& original, std::size_t index, Op op,
                    Variation variation) {
    op = scenario::canonical(op);
    if (op == original.ops[index]) {
        return;
    }
    variation.op = index;
    variation.words = fmt::format("op {}: {} instead of {}", index, text_of_op(op),
                                  text_of_op(original.ops[index]));
    variation.scenario = original;
    variation.scenario.ops[index] = op;
    all.push_back(std::move(variation));
}

// ---- numbers and choices ----

std::set<std::uint32_t> other_numbers(const Op& op) {
    const std::uint32_t number = op.number;
    const std::uint32_t most = scenario::number_max_of(op);
    std::set<std::uint32_t> numbers{0,     1,    2,          1460,       1461,
                                    16384, most, number / 2, number + 1, number * 2};
    if (number > 0) {
        numbers.insert(number - 1);
    }
    numbers.erase(number);
    numbers.erase(numbers.upper_bound(most), numbers.end());
    return numbers;
}

std::string number_name(const Op& op) {
    const std::string_view name = scenario::describe(op.kind).number_name;
    const bool is_bytes = op.choice == static_cast<std::uint8_t>(scenario::AnswerCode::ok);
    return name.empty() ? (is_bytes ? "bytes" : "value") : std::string{name};
}

void append_numbers(std::vector<Variation>& all, const Scenario& original, std::size_t index) {
    const Op& op = original.ops[index];
    if (!scenario::has_number(op)) {
        return;
    }
    for (const std::uint32_t number : other_numbers(op)) {
        const std::uint32_t distance = number > op.number ? number - op.number : op.number - number;
        Op other = op;
        other.number = static_cast<std::uint16_t>(number);
        append_with_op(all, original, index, other,
                       {.change = Change::number,
                        .field = number_name(op),
                        .value = std::to_string(number),
                        .number = number,
                        .size = number == 0 ? size_of_none : distance});
    }
}

void append_choices(std::vector<Variation>& all, const Scenario& original, std::size_t index) {
    const Op& op = original.ops[index];
    const scenario::OpDescription& described = scenario::describe(op.kind);
    const std::size_t names = described.choices.size();
    std::size_t choices = 0;
    if (described.choice_form != scenario::ChoiceForm::none) {
        choices =
            described.choice_form == scenario::ChoiceForm::one_of ? names : std::size_t{1} << names;
    }
    for (std::size_t choice = 0; choice < choices; ++choice) {
        Op other = op;
        other.choice = static_cast<std::uint8_t>(choice);
        const std::string name{described.choice_name};
        const std::string value = value_in(text_of_op(scenario::canonical(other)), name);
        append_with_op(all, original, index, other,
                       {.change = Change::choice,
                        .field = name,
                        .value = value.empty() ? "nothing" : value,
                        .size = size_of_choice + choice});
    }
}

// ---- the ops themselves ----

void append_places(std::vector<Variation>& all, const Scenario& original, std::size_t index) {
    for (std::size_t place = 0; place < original.ops.size(); ++place) {
        Variation moved{.change = Change::place, .op = index, .scenario = original};
        std::vector<Op>& ops = moved.scenario.ops;
        ops.erase(ops.begin() + static_cast<std::ptrdiff_t>(index));
        ops.insert(ops.begin() + static_cast<std::ptrdiff_t>(place), original.ops[index]);
        if (ops == original.ops) {
            continue;
        }
        const bool is_next = place == index + 1;
        const std::size_t distance = place > index ? place - index : index - place;
        moved.change = is_next ? Change::neighbours : Change::place;
        moved.size = (distance == 1 ? size_of_order : size_of_place) + distance;
        moved.words = distance == 1 ? fmt::format("ops {} and {} in the other order",
                                                  std::min(index, place), std::max(index, place))
                                    : fmt::format("op {} at place {}", index, place);
        all.push_back(std::move(moved));
    }
}

void append_loss(std::vector<Variation>& all, const Scenario& original, std::size_t index) {
    all.push_back(
        {.change = Change::left_out,
         .op = index,
         .words = fmt::format("without op {}, {}", index, text_of_op(original.ops[index])),
         .size = size_of_loss + index,
         .scenario = scenario::without(original, index, 1)});
}

// ---- the setup ----

// A field of the setup, as the text form calls it, with another value.
struct OtherSetup {
    std::string_view field;
    Setup setup;
};

// Every setup that differs from `setup` in a field which is not plain there.
std::vector<OtherSetup> varied_setups(const Setup& setup) {
    const Setup plain;
    std::vector<OtherSetup> others;
    const auto vary = [&](std::string_view name, auto field, int values) {
        for (int value = 0; value < values && setup.*field != plain.*field; ++value) {
            Setup other = setup;
            using Field = std::remove_reference_t<decltype(other.*field)>;
            other.*field = static_cast<Field>(value);
            others.push_back({name, other});
        }
    };
    vary("side", &Setup::side, 2);
    vary("start", &Setup::start, 2);
    vary("role", &Setup::role, scenario::role_count);
    vary("tls", &Setup::tls, 2);
    vary("peer", &Setup::peer, 2);
    vary("auth", &Setup::auth, 2);
    vary("trust", &Setup::trust, scenario::trust_count);
    vary("identity", &Setup::identity, scenario::identity_count);
    vary("verify", &Setup::verify, scenario::verify_count);
    vary("sni", &Setup::sends_name, 2);
    vary("allow", &Setup::allow, scenario::allow_all + 1);
    if (setup.read_size != plain.read_size) {
        for (const int size : {1, setup.read_size + 1, 16384, int{plain.read_size}}) {
            Setup other = setup;
            other.read_size = static_cast<std::uint16_t>(size);
            others.push_back({"read_size", other});
        }
    }
    return others;
}

std::string setup_line(Document document, const Setup& setup) {
    document.scenario.setup = setup;
    const std::vector<char> text = scenario::print(document);
    return {text.begin(), std::ranges::find(text, '\n')};
}

std::set<std::string> words_of(const std::string& line) {
    std::istringstream words{line};
    std::set<std::string> all;
    for (std::string word; words >> word;) {
        all.insert(word);
    }
    return all;
}

// The words of `line` that `other` does not have.
std::string only_in(const std::string& line, const std::string& other) {
    std::set<std::string> own = words_of(line);
    for (const std::string& word : words_of(other)) {
        own.erase(word);
    }
    return fmt::format("{}", fmt::join(own, " "));
}

void append_setups(std::vector<Variation>& all, const Document& document) {
    const std::string line = setup_line(document, document.scenario.setup);
    std::set<std::string> seen{line};
    for (const auto& [field, setup] : varied_setups(document.scenario.setup)) {
        const Setup other = scenario::canonical(setup);
        const std::string other_line = setup_line(document, other);
        if (!seen.insert(other_line).second) {
            continue;
        }
        const std::string was = only_in(line, other_line);
        const std::string is = only_in(other_line, line);
        const std::string value = value_in(other_line, std::string{field});
        // A field that others depend on takes them with it.
        const std::size_t words = words_of(was).size() + words_of(is).size();
        Variation variation{.change = Change::setup,
                            .field = std::string{field},
                            .value = value.empty() ? "plain" : value,
                            .words = is.empty() ? fmt::format("setup: without {}", was)
                                                : fmt::format("setup: {} instead of {}", is, was),
                            .size = size_of_setup + (words << 10) + all.size(),
                            .scenario = document.scenario};
        variation.scenario.setup = other;
        all.push_back(std::move(variation));
    }
}

}  // namespace

std::vector<Variation> variations(const Document& document) {
    std::vector<Variation> all;
    const Scenario& original = document.scenario;
    for (std::size_t index = 0; index < original.ops.size(); ++index) {
        append_loss(all, original, index);
        append_numbers(all, original, index);
        append_choices(all, original, index);
        append_places(all, original, index);
    }
    append_setups(all, document);
    return all;
}

}  // namespace shimfuzz::cli
