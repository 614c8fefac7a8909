// Which IP addresses lie in the public Internet. What a stranger may choose (the address of a
// webhook) must not reach into the network of the server: its own services, its router, the cloud's
// metadata.
#pragma once

#include <string_view>

namespace attune::jobs {

// `address` is numeric: "93.184.215.14", "2606:2800::1". Private, loopback, link-local, shared,
// documentation, multicast and reserved ranges are not public, nor IPv6 forms that carry such an
// IPv4 address, nor what is no address at all.
bool is_public_address(std::string_view address);

}  // namespace attune::jobs
