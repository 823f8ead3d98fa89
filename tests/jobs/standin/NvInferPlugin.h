// What a runner uses of TensorRT's plugin library, standing in for its header.
#pragma once

inline bool initLibNvInferPlugins(void *, char const *) { return true; }
