// What a killed process leaves of the files that it was writing (AtomicFile in file.h): hidden
// temporaries that nobody will finish.
#pragma once

#include "io/file.h"

namespace attune {

// Removes from `folder` the temporaries whose process is gone; those of a running one stay. For
// folders that one machine writes: a process of another machine looks gone.
void remove_abandoned_files(const Path& folder);

}  // namespace attune
