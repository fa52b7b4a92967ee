#pragma once

#define CAF_CORE_EXPORT
#define CAF_CORE_NO_EXPORT
#define CAF_CORE_DEPRECATED [[deprecated]]
