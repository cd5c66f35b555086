// SPDX-License-Identifier: Apache-2.0
//
// Keys and certificates for the tests of the reference shim, made once per process by the openssl
// program in a temporary folder: valid from now, so that no test expires.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shimfuzz::tests {

class Certificates {
public:
    // Makes all of them, or reports what failed by missing().
    Certificates();
    ~Certificates();
    Certificates(const Certificates&) = delete;
    Certificates& operator=(const Certificates&) = delete;

    // Why there are none, or nothing. Begins with "no openssl program" if that is why.
    [[nodiscard]] const std::string& missing() const { return missing_; }

    // The path of `name`, for instance "server.pem".
    [[nodiscard]] std::string path(const std::string& name) const { return folder_ + "/" + name; }

    // The content of `name`. For each <who> there are <who>.pem, <who>.der, <who>.key and
    // <who>.key.der:
    //
    //   root       the authority that tests trust
    //   stranger   another authority, with the same name as root
    //   middle     an authority under root
    //   server     for localhost and *.wild.test, for servers only, under root
    //   other      for other.test, for servers only, under root
    //   leaf       for leaf.test, under middle
    //   expired    for localhost, under root, out of date
    //   client     for clients only, under root
    //   impostor   for localhost and for clients, under stranger
    //
    // and server.locked.key, the key of server behind a passphrase.
    [[nodiscard]] std::vector<std::uint8_t> file(const std::string& name) const;

    // Those of this process.
    static const Certificates& instance();

private:
    bool run(const std::string& command);
    [[nodiscard]] bool log_says(const std::string& words) const;  // the log of the last run
    bool make_authority(const std::string& who, const std::string& name, const std::string& issuer);
    bool make_leaf(const std::string& who, const std::string& issuer, const std::string& usage,
                   const std::string& names, int days);

    std::string folder_;
    std::string missing_;
    bool takes_dates_ = false;  // openssl, of a certificate's beginning and end
};

}  // namespace shimfuzz::tests
