// SPDX-License-Identifier: Apache-2.0

#include "scenario/text.hpp"

#include "scenario/op_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <optional>

namespace shimfuzz::scenario {
namespace {

constexpr std::array<std::string_view, 2> seam_names{"scripted", "real"};
constexpr std::array<std::string_view, 3> loop_names{"none", "lawful", "lws"};
constexpr std::array<std::string_view, 2> profile_names{"any", "plausible"};
constexpr std::array<std::string_view, 2> side_names{"server", "client"};
constexpr std::array<std::string_view, 2> start_names{"established", "handshake"};
constexpr std::array<std::string_view, role_count> role_names{"raw", "ws", "http"};
constexpr std::array<std::string_view, 2> tls_names{"1.2", "1.3"};
constexpr std::array<std::string_view, 2> peer_names{"lawful", "hostile"};
constexpr std::array<std::string_view, 2> auth_names{"psk", "certificate"};
constexpr std::array<std::string_view, trust_count> trust_names{"none", "wrong", "right"};
constexpr std::array<std::string_view, identity_count> identity_names{
    "none", "self_signed", "expired", "wrong_host", "good"};
constexpr std::array<std::string_view, verify_count> verify_names{"none", "optional", "required"};
constexpr std::array<std::string_view, 2> sni_names{"off", "on"};
constexpr std::array<std::string_view, 3> allow_names{"untrusted", "expired", "any_host"};

// A line of raw bytes holds so many of them.
constexpr std::size_t raw_per_line = 32;

using Out = std::back_insert_iterator<std::vector<char>>;

// Names of the bits that are set, separated by commas.
void print_set(Out out, std::span<const std::string_view> names, std::uint8_t bits) {
    const char* separator = "";
    for (std::size_t i = 0; i < names.size(); ++i) {
        if ((bits & (1U << i)) != 0) {
            fmt::format_to(out, "{}{}", separator, names[i]);
            separator = ",";
        }
    }
}

void print_choice(Out out, const OpDescription& description, const Op& op) {
    switch (description.choice_form) {
    case ChoiceForm::none:
        return;
    case ChoiceForm::one_of:
        fmt::format_to(out, " {}={}", description.choice_name, description.choices[op.choice]);
        return;
    case ChoiceForm::set_of:
        if (op.choice == 0) {
            return;
        }
        fmt::format_to(out, " {}=", description.choice_name);
        print_set(out, description.choices, op.choice);
        return;
    }
}

// The number of an answer has two names, by its code: `bytes` of data or the `value` of a code.
std::string_view number_name_of(const OpDescription& description, const Op& op) noexcept {
    if (description.number_form != NumberForm::of_answer) {
        return description.number_name;
    }
    return op.choice == static_cast<std::uint8_t>(AnswerCode::ok) ? "bytes" : "value";
}

void print_op(Out out, const Op& op) {
    const OpDescription& description = describe(op.kind);
    fmt::format_to(out, "{}", description.name);
    print_choice(out, description, op);
    if (!has_number(op)) {
        return;
    }
    const std::string_view name = number_name_of(description, op);
    if (name == "value") {
        fmt::format_to(out, " value=0x{:x}", op.number);
    } else if (name != "bytes" || op.number != 0 || description.number_form == NumberForm::always) {
        fmt::format_to(out, " {}={}", name, op.number);
    }
}

template <typename Enum, std::size_t count>
std::string_view name_of(const std::array<std::string_view, count>& names, Enum value) noexcept {
    return names[static_cast<std::size_t>(value)];
}

// ---- parsing ----

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

// A line cut at spaces: its first word and its name=value fields.
struct Line {
    std::string_view word;
    Fields fields;
};

std::string list(std::span<const std::string_view> names) {
    return fmt::format("{}", fmt::join(names, ", "));
}

// Nothing blank stands at the end of `text`.
std::variant<Line, std::string> cut(std::string_view text) {
    Line line;
    while (!text.empty()) {
        text.remove_prefix(text.find_first_not_of(" \t"));
        const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(end);
        if (line.word.empty()) {
            line.word = word;
            continue;
        }
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos) {
            return fmt::format("'{}' is not a field (name=value)", word);
        }
        line.fields.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    return line;
}

std::optional<std::uint16_t> parse_number(std::string_view text, std::uint16_t max) noexcept {
    int base = 10;
    if (text.starts_with("0x")) {
        text.remove_prefix(2);
        base = 16;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size() || value > max) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(value);
}

std::optional<std::uint8_t> parse_name(std::string_view text,
                                       std::span<const std::string_view> names) noexcept {
    const auto found = std::ranges::find(names, text);
    if (found == names.end()) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(found - names.begin());
}

std::optional<std::uint8_t> parse_set(std::string_view text,
                                      std::span<const std::string_view> names) noexcept {
    std::uint8_t bits = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        const std::optional<std::uint8_t> bit = parse_name(text.substr(0, end), names);
        if (!bit.has_value()) {
            return std::nullopt;
        }
        bits = static_cast<std::uint8_t>(bits | (1U << *bit));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return bits;
}

std::optional<std::uint8_t> parse_choice(const OpDescription& description, std::string_view text) {
    return description.choice_form == ChoiceForm::one_of ? parse_name(text, description.choices)
                                                         : parse_set(text, description.choices);
}

// Which operand of an op a field is.
enum class Operand { choice, number };

// fill reads one field into `op`; the reason if it cannot.
std::optional<std::string> fill(const OpDescription& description, Op& op, Operand operand,
                                std::string_view name, std::string_view value) {
    if (operand == Operand::choice) {
        const std::optional<std::uint8_t> choice = parse_choice(description, value);
        if (!choice.has_value()) {
            return fmt::format("'{}' is not a {} of {}: {}", value, name, description.name,
                               list(description.choices));
        }
        op.choice = *choice;
        return std::nullopt;
    }
    if (!has_number(op) || name != number_name_of(description, op)) {
        return fmt::format("{} has no field '{}'{}", description.name, name,
                           description.number_form == NumberForm::of_answer ? " with this code"
                                                                            : "");
    }
    const std::optional<std::uint16_t> number = parse_number(value, number_max_of(op));
    if (!number.has_value()) {
        return fmt::format("'{}' is not a number from 0 to {}", value, number_max_of(op));
    }
    op.number = *number;
    return std::nullopt;
}

std::variant<Op, std::string> parse_op(const Line& line) {
    const OpDescription* description = find_op(line.word);
    if (description == nullptr) {
        return fmt::format("'{}' is not an op; 'shimfuzz list ops' names them", line.word);
    }
    Op op{.kind = description->kind};
    bool choice_seen = false;
    bool number_seen = false;
    for (const auto& [name, value] : line.fields) {
        const bool is_choice =
            description->choice_form != ChoiceForm::none && name == description->choice_name;
        bool& seen = is_choice ? choice_seen : number_seen;
        if (seen) {
            return fmt::format("field '{}' is one too many", name);
        }
        seen = true;
        const Operand operand = is_choice ? Operand::choice : Operand::number;
        if (std::optional<std::string> reason = fill(*description, op, operand, name, value)) {
            return std::move(*reason);
        }
    }
    if (description->choice_form == ChoiceForm::one_of && !choice_seen) {
        return fmt::format("{} needs {}=", description->name, description->choice_name);
    }
    const bool needs_number = description->number_form == NumberForm::always ||
                              (has_number(op) && number_name_of(*description, op) == "value");
    if (needs_number && !number_seen) {
        return fmt::format("{} needs {}=", description->name, number_name_of(*description, op));
    }
    return op;
}

// One field of the setup line: where it goes and what it may say.
std::optional<std::string> parse_setup_field(Document& document, std::string_view name,
                                             std::string_view value) {
    const auto choose = [&](auto& place,
                            std::span<const std::string_view> names) -> std::optional<std::string> {
        const std::optional<std::uint8_t> index = parse_name(value, names);
        if (!index.has_value()) {
            return fmt::format("'{}' is not a {}: {}", value, name, list(names));
        }
        place = static_cast<std::remove_reference_t<decltype(place)>>(*index);
        return std::nullopt;
    };
    if (name == "format") {
        if (value != fmt::format("{}", text_format)) {
            return fmt::format("format {} is unknown; this reads format {}", value, text_format);
        }
        return std::nullopt;
    }
    if (name == "seam") {
        return choose(document.play.seam, seam_names);
    }
    if (name == "loop") {
        return choose(document.play.loop, loop_names);
    }
    if (name == "profile") {
        return choose(document.play.profile, profile_names);
    }
    if (name == "side") {
        return choose(document.scenario.setup.side, side_names);
    }
    if (name == "start") {
        return choose(document.scenario.setup.start, start_names);
    }
    if (name == "role") {
        return choose(document.scenario.setup.role, role_names);
    }
    if (name == "tls") {
        return choose(document.scenario.setup.tls, tls_names);
    }
    if (name == "peer") {
        return choose(document.scenario.setup.peer, peer_names);
    }
    if (name == "auth") {
        return choose(document.scenario.setup.auth, auth_names);
    }
    if (name == "trust") {
        return choose(document.scenario.setup.trust, trust_names);
    }
    if (name == "identity") {
        return choose(document.scenario.setup.identity, identity_names);
    }
    if (name == "verify") {
        return choose(document.scenario.setup.verify, verify_names);
    }
    if (name == "sni") {
        return choose(document.scenario.setup.sends_name, sni_names);
    }
    if (name == "allow") {
        const std::optional<std::uint8_t> bits = parse_set(value, allow_names);
        if (!bits.has_value()) {
            return fmt::format("'{}' is not a set of allow: {}", value, list(allow_names));
        }
        document.scenario.setup.allow = *bits;
        return std::nullopt;
    }
    if (name == "read_size") {
        const std::optional<std::uint16_t> size = parse_number(value, size_max);
        if (!size.has_value() || *size == 0) {
            return fmt::format("'{}' is not a read_size from 1 to {}", value, size_max);
        }
        document.scenario.setup.read_size = *size;
        return std::nullopt;
    }
    return fmt::format("setup has no field '{}'", name);
}

std::optional<std::string> parse_setup(Document& document, const Line& line) {
    if (line.word != "setup") {
        return fmt::format("expected the setup line before '{}'", line.word);
    }
    for (const auto& [name, value] : line.fields) {
        if (std::optional<std::string> reason = parse_setup_field(document, name, value)) {
            return reason;
        }
    }
    document.scenario.setup = canonical(document.scenario.setup);
    return std::nullopt;
}

// parse_raw appends the bytes of a `raw hex=...` line.
std::optional<std::string> parse_raw(Scenario& scenario, const Line& line) {
    if (line.fields.size() != 1 || line.fields.front().first != "hex") {
        return "raw needs hex= and nothing else";
    }
    const std::string_view digits = line.fields.front().second;
    if (digits.size() % 2 != 0 || digits.size() / 2 > raw_max - scenario.raw.size()) {
        return fmt::format("raw bytes are two digits each, and at most {} in all", raw_max);
    }
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        std::uint8_t byte = 0;
        const char* const end = digits.data() + i + 2;
        const auto parsed = std::from_chars(digits.data() + i, end, byte, 16);
        if (parsed.ec != std::errc{} || parsed.ptr != end) {
            return fmt::format("'{}' is not a byte in hexadecimal", digits.substr(i, 2));
        }
        scenario.raw.push_back(byte);
    }
    return std::nullopt;
}

// parse_line adds what one non-empty line says to `document`; the reason if it cannot.
std::optional<std::string> parse_line(Document& document, bool& setup_seen, std::string_view text) {
    const std::variant<Line, std::string> line = cut(text);
    if (const auto* reason = std::get_if<std::string>(&line)) {
        return *reason;
    }
    if (!setup_seen) {
        setup_seen = true;
        return parse_setup(document, std::get<Line>(line));
    }
    if (std::get<Line>(line).word == "raw") {
        return parse_raw(document.scenario, std::get<Line>(line));
    }
    std::variant<Op, std::string> op = parse_op(std::get<Line>(line));
    if (auto* reason = std::get_if<std::string>(&op)) {
        return std::move(*reason);
    }
    if (document.scenario.ops.size() == ops_max) {
        return fmt::format("more than {} ops", ops_max);
    }
    document.scenario.ops.push_back(std::get<Op>(op));
    return std::nullopt;
}

}  // namespace

std::vector<char> print(const Op& op) {
    std::vector<char> text;
    print_op(std::back_inserter(text), op);
    return text;
}

namespace {

// What is only said where it is not the default.
void print_certificates(Out out, const Setup& setup) {
    if (setup.auth == Auth::psk) {
        return;
    }
    fmt::format_to(out, " auth={} trust={} identity={} verify={}", name_of(auth_names, setup.auth),
                   name_of(trust_names, setup.trust), name_of(identity_names, setup.identity),
                   name_of(verify_names, setup.verify));
    if (!setup.sends_name) {
        fmt::format_to(out, " sni=off");
    }
    if (setup.allow != 0) {
        fmt::format_to(out, " allow=");
        print_set(out, allow_names, setup.allow);
    }
}

}  // namespace

std::vector<char> print(const Document& document) {
    const auto& [play, scenario] = document;
    std::vector<char> text;
    const Out out = std::back_inserter(text);
    fmt::format_to(out, "setup format={} seam={} loop={} profile={} side={} start={} read_size={}",
                   text_format, name_of(seam_names, play.seam), name_of(loop_names, play.loop),
                   name_of(profile_names, play.profile), name_of(side_names, scenario.setup.side),
                   name_of(start_names, scenario.setup.start), scenario.setup.read_size);
    if (scenario.setup.role != Role::raw) {
        fmt::format_to(out, " role={}", name_of(role_names, scenario.setup.role));
    }
    if (scenario.setup.tls != TlsVersion::tls12) {
        fmt::format_to(out, " tls={}", name_of(tls_names, scenario.setup.tls));
    }
    if (scenario.setup.peer != Peer::lawful) {
        fmt::format_to(out, " peer={}", name_of(peer_names, scenario.setup.peer));
    }
    print_certificates(out, scenario.setup);
    text.push_back('\n');
    for (const Op& op : scenario.ops) {
        print_op(out, op);
        text.push_back('\n');
    }
    for (std::size_t i = 0; i < scenario.raw.size(); i += raw_per_line) {
        fmt::format_to(out, "raw hex=");
        for (std::size_t j = i; j < std::min(i + raw_per_line, scenario.raw.size()); ++j) {
            fmt::format_to(out, "{:02x}", scenario.raw[j]);
        }
        text.push_back('\n');
    }
    return text;
}

std::variant<Document, ParseError> parse(std::string_view text) {
    Document document;
    bool setup_seen = false;
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        line = line.substr(0, std::min(line.find('#'), line.size()));
        line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
        if (line.find_first_not_of(" \t") == std::string_view::npos) {
            continue;
        }
        if (std::optional<std::string> reason = parse_line(document, setup_seen, line)) {
            return ParseError{.line = number, .reason = std::move(*reason)};
        }
    }
    if (!setup_seen) {
        return ParseError{.line = std::max<std::size_t>(number, 1), .reason = "no setup line"};
    }
    return document;
}

std::string_view name_of(Loop loop) noexcept {
    return name_of(loop_names, loop);
}

bool looks_like_text(std::string_view bytes) noexcept {
    const bool printable = std::ranges::none_of(bytes, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7f;
    });
    const std::size_t start = bytes.find_first_not_of(" \t\r\n");
    if (!printable || start == std::string_view::npos) {
        return false;
    }
    return bytes[start] == '#' || bytes.substr(start).starts_with("setup");
}

}  // namespace shimfuzz::scenario
