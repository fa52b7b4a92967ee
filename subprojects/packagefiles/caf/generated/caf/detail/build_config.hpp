#pragma once

#include "caf/detail/log_level.hpp"

#define CAF_LOG_LEVEL CAF_LOG_LEVEL_QUIET

#define CAF_ENABLE_EXCEPTIONS
