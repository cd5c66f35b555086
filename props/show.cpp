// SPDX-License-Identifier: Apache-2.0

#include "props/show.hpp"

#include "props/generators.hpp"

#include <iomanip>
#include <ostream>

namespace shimfuzz {
namespace {

void put(std::ostream& out, const std::vector<char>& text) {
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
}

}  // namespace

void scenario::showValue(const Op& op, std::ostream& out) {
    put(out, print(op));
}

void scenario::showValue(const Setup& setup, std::ostream& out) {
    put(out, print(Document{.play = {}, .scenario = {.setup = setup, .ops = {}}}));
}

void scenario::showValue(const Scenario& scenario, std::ostream& out) {
    put(out, print(Document{.play = {}, .scenario = scenario}));
}

void scenario::showValue(const Document& document, std::ostream& out) {
    put(out, print(document));
}

void harness::showValue(const Verdict& verdict, std::ostream& out) {
    if (!verdict.violation.has_value()) {
        out << "every invariant upheld";
        return;
    }
    put(out, spell(verdict.violation->signature));
    out << " at op " << verdict.violation->op_index;
}

void props::showValue(const Bytes& bytes, std::ostream& out) {
    const std::ios::fmtflags flags = out.flags();
    out << std::hex << std::setfill('0');
    for (const std::uint8_t byte : bytes.bytes) {
        out << std::setw(2) << unsigned{byte};
    }
    out.flags(flags);
}

}  // namespace shimfuzz
