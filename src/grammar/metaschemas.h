// The schemas of schemas, so that "$ref" to the address of a draft works without a network. Built
// from the table of schema_dialect.h; they say what kind of value each keyword takes.
#pragma once

#include "grammar/json_schema.h"

namespace attune::grammar {

Json metaschema(Dialect dialect);

}  // namespace attune::grammar
