// SPDX-License-Identifier: Apache-2.0
//
// Scenarios rapidcheck can think of.
//
// Every value is canonical as it is drawn, so no promise has to discard one. Scenarios are drawn in
// swarms (a few kinds of op each), because a little of everything seldom gets far in any one
// direction. They are simplified by scenario::shrinks and shown in the text form, like everywhere
// else (props/show.hpp).
#pragma once

#include "props/show.hpp"
#include "scenario/text.hpp"

#include <rapidcheck.h>

namespace shimfuzz::props {

// The plays of the fuzz targets of the same names.
inline constexpr scenario::Play return_codes{.loop = scenario::Loop::none,
                                             .profile = scenario::Profile::any};
inline constexpr scenario::Play poll_loop{.loop = scenario::Loop::lawful,
                                          .profile = scenario::Profile::plausible};
inline constexpr scenario::Play poll_loop_any{.loop = scenario::Loop::lawful,
                                              .profile = scenario::Profile::any};

// On real mbedTLS, on both ends of a wire.
inline constexpr scenario::Play verification{.seam = scenario::Seam::real,
                                             .loop = scenario::Loop::none,
                                             .profile = scenario::Profile::plausible};
inline constexpr scenario::Play config_bytes{
    .seam = scenario::Seam::real, .loop = scenario::Loop::none, .profile = scenario::Profile::any};
inline constexpr scenario::Play tls_stream{.seam = scenario::Seam::real,
                                           .loop = scenario::Loop::lawful,
                                           .profile = scenario::Profile::plausible};

// sessions_for generates scenarios meant to be played as `play`, and says so in each.
[[nodiscard]] rc::Gen<scenario::Document> sessions_for(const scenario::Play& play);

// patient_sessions generates poll_loop scenarios in which nothing ends the connection: no close, no
// hang-up, no failure.
[[nodiscard]] rc::Gen<scenario::Document> patient_sessions();

// streams generates tls_stream scenarios in which nothing is withheld, damaged or cut off: what
// both applications say.
[[nodiscard]] rc::Gen<scenario::Document> streams();

// sessions_without_memory generates tls_stream scenarios in which one allocation fails.
[[nodiscard]] rc::Gen<scenario::Document> sessions_without_memory();

// cut_otherwise generates scenarios in which both applications say what they say in `scenario`, and
// all else is different: when the loop turns, how much the sockets take and give at a time, how
// much is read at once.
[[nodiscard]] rc::Gen<scenario::Scenario> cut_otherwise(const scenario::Scenario& scenario);

// Bytes is what a fuzz engine may hand to a decoder: an encoded scenario, damaged or not, or
// anything at all.
struct Bytes {
    std::vector<std::uint8_t> bytes;
};
void showValue(const Bytes& bytes, std::ostream& out);

// Walk is a life of the lawful loop: a number for each thing that happens. What the numbers stand
// for is said in props/walk.hpp, and shown in words.
struct Walk {
    std::vector<std::uint8_t> choices;
};
void showValue(const Walk& walk, std::ostream& out);

}  // namespace shimfuzz::props

namespace rc {

template <>
struct Arbitrary<shimfuzz::scenario::Op> {
    static Gen<shimfuzz::scenario::Op> arbitrary();
};

template <>
struct Arbitrary<shimfuzz::scenario::Setup> {
    static Gen<shimfuzz::scenario::Setup> arbitrary();
};

// Ops of any kind, whatever loop they belong to.
template <>
struct Arbitrary<shimfuzz::scenario::Scenario> {
    static Gen<shimfuzz::scenario::Scenario> arbitrary();
};

// Any scenario, with any play.
template <>
struct Arbitrary<shimfuzz::scenario::Document> {
    static Gen<shimfuzz::scenario::Document> arbitrary();
};

template <>
struct Arbitrary<shimfuzz::props::Bytes> {
    static Gen<shimfuzz::props::Bytes> arbitrary();
};

template <>
struct Arbitrary<shimfuzz::props::Walk> {
    static Gen<shimfuzz::props::Walk> arbitrary();
};

}  // namespace rc
