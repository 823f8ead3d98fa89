// What a runner uses of TensorRT, standing in for its header: an engine that gives y = 2 x.
// Names and order of arguments are TensorRT's, as its Python API mirrors them in snake case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <string>

#include "cuda_runtime_api.h"

namespace nvinfer1 {

using AsciiChar = char;
enum class DataType : int32_t { kFLOAT, kHALF, kINT8, kINT32, kBOOL, kUINT8, kFP8, kBF16, kINT64 };
enum class TensorIOMode : int32_t { kNONE, kINPUT, kOUTPUT };
enum class TensorLocation : int32_t { kDEVICE, kHOST };

struct Dims {
    int32_t nbDims;
    int64_t d[8];
};

class ILogger {
  public:
    enum class Severity : int32_t { kINTERNAL_ERROR, kERROR, kWARNING, kINFO, kVERBOSE };
    virtual void log(Severity severity, AsciiChar const *message) noexcept = 0;
    virtual ~ILogger() = default;
};

class IExecutionContext {
  public:
    bool setInputShape(char const *, Dims const &dims) {
        dims_ = dims;
        return true;
    }
    Dims getTensorShape(char const *) const { return dims_; }
    bool setTensorAddress(char const *name, void *data) {
        (std::string(name) == "x" ? in_ : out_) = static_cast<float *>(data);
        return true;
    }
    bool enqueueV3(cudaStream_t) {
        int64_t size = 1;
        for (int32_t axis = 0; axis < dims_.nbDims; ++axis) {
            size *= dims_.d[axis];
        }
        for (int64_t at = 0; at < size; ++at) {
            out_[at] = 2 * in_[at];
        }
        return true;
    }

  private:
    Dims dims_{};
    float *in_ = nullptr;
    float *out_ = nullptr;
};

class ICudaEngine {
  public:
    int32_t getNbIOTensors() const { return 2; }
    char const *getIOTensorName(int32_t index) const { return index == 0 ? "x" : "net/y"; }
    TensorIOMode getTensorIOMode(char const *name) const {
        return *name == 'x' ? TensorIOMode::kINPUT : TensorIOMode::kOUTPUT;
    }
    DataType getTensorDataType(char const *) const { return DataType::kFLOAT; }
    TensorLocation getTensorLocation(char const *) const { return TensorLocation::kDEVICE; }
    IExecutionContext *createExecutionContext() { return new IExecutionContext; }
};

class IRuntime {
  public:
    ICudaEngine *deserializeCudaEngine(void const *, std::size_t size) {
        return size > 4 ? new ICudaEngine : nullptr;
    }
};

inline IRuntime *createInferRuntime(ILogger &) { return new IRuntime; }

} // namespace nvinfer1
