// Runs $name on the GPU. $needs
//
// Usage: $program [INPUT=FILE ...]
// FILE holds an input's numbers as they lie in memory$images; inputs that are not named are drawn
// at random. Each output is written to OUTPUT.bin.
$tensors

#include <NvInfer.h>
$plugin_header#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>
$plugin_include
namespace {

const char *const kEngine = $engine;
$plugin_list
// Shapes of the inputs, as they were built.
const std::map<std::string, std::vector<std::int64_t>> kShapes = {$shapes};
$recipe
class Logger : public nvinfer1::ILogger {
    void log(Severity severity, nvinfer1::AsciiChar const *message) noexcept override {
        if (severity <= Severity::kWARNING) {
            std::cerr << message << std::endl;
        }
    }
};

void check(cudaError_t error) {
    if (error != cudaSuccess) {
        throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(error));
    }
}

void require(bool condition, std::string const &message) {
    if (!condition) {
        throw std::runtime_error(message);
    }
}

std::vector<char> readFile(std::string const &path) {
    std::ifstream stream(path, std::ios::binary);
    require(stream.good(), "cannot read " + path);
    return std::vector<char>(std::istreambuf_iterator<char>(stream), {});
}

std::size_t bytesOf(nvinfer1::DataType type) {
    switch (type) {
    case nvinfer1::DataType::kFLOAT:
    case nvinfer1::DataType::kINT32:
        return 4;
    case nvinfer1::DataType::kHALF:
        return 2;
    case nvinfer1::DataType::kINT8:
    case nvinfer1::DataType::kBOOL:
    case nvinfer1::DataType::kUINT8:
        return 1;
$int64    default:
        throw std::runtime_error("a tensor has a type this program does not know");
    }
}

std::size_t count(nvinfer1::Dims const &dims, std::string const &name) {
    std::size_t total = 1;
    for (int axis = 0; axis < dims.nbDims; ++axis) {
        require(dims.d[axis] >= 0, name + " has a size only the run tells");
        total *= static_cast<std::size_t>(dims.d[axis]);
    }
    return total;
}

// Memory of one tensor: on the host, and on the device unless TensorRT reads it on the host.
struct Tensor {
    std::string name;
    bool isInput = false;
    nvinfer1::DataType type = nvinfer1::DataType::kFLOAT;
    std::vector<char> host;
    void *device = nullptr;
};

struct Memory {
    std::vector<Tensor> tensors;
    cudaStream_t stream = nullptr;

    ~Memory() {
        for (Tensor &tensor : tensors) {
            if (tensor.device != nullptr) {
                cudaFree(tensor.device);
            }
        }
        if (stream != nullptr) {
            cudaStreamDestroy(stream);
        }
    }
};

void fillRandom(Tensor &tensor) {
    std::mt19937 random(0);
    if (tensor.type == nvinfer1::DataType::kFLOAT) {
        std::uniform_real_distribution<float> draw(-1.0F, 1.0F);
        for (std::size_t at = 0; at + 4 <= tensor.host.size(); at += 4) {
            float const value = draw(random);
            std::memcpy(tensor.host.data() + at, &value, 4);
        }
    } else {
        // Zero is a valid index and a valid switch, whatever the type.
        std::fill(tensor.host.begin(), tensor.host.end(), '\0');
    }
}
$image_code
void fill(Tensor &tensor, std::map<std::string, std::string> const &files) {
    auto const found = files.find(tensor.name);
    if (found == files.end()) {
        fillRandom(tensor);
        return;
    }
$image_branch    std::vector<char> const data = readFile(found->second);
    require(data.size() == tensor.host.size(),
            found->second + " holds " + std::to_string(data.size()) + " bytes, " + tensor.name +
                " takes " + std::to_string(tensor.host.size()));
    tensor.host = data;
}

int run(std::map<std::string, std::string> const &files) {
    Logger logger;
$load_plugins    std::vector<char> const plan = readFile(kEngine);
    std::unique_ptr<nvinfer1::IRuntime> runtime{nvinfer1::createInferRuntime(logger)};
    require(runtime != nullptr, "TensorRT does not start");
    std::unique_ptr<nvinfer1::ICudaEngine> engine{
        runtime->deserializeCudaEngine(plan.data(), plan.size())};
    require(engine != nullptr, "TensorRT does not take this engine; its messages say why");
    std::unique_ptr<nvinfer1::IExecutionContext> context{engine->createExecutionContext()};
    require(context != nullptr, "there is too little memory to run this engine");

    Memory memory;
    check(cudaStreamCreate(&memory.stream));
    for (int index = 0; index < engine->getNbIOTensors(); ++index) {
        Tensor tensor;
        tensor.name = engine->getIOTensorName(index);
        char const *const name = tensor.name.c_str();
        tensor.isInput = engine->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
        tensor.type = engine->getTensorDataType(name);
        if (tensor.isInput) {
            std::vector<std::int64_t> const &shape = kShapes.at(tensor.name);
            nvinfer1::Dims dims{};
            // 32 bits wide up to TensorRT 8, 64 bits from 10 on.
            using Extent = std::remove_reference_t<decltype(dims.d[0])>;
            dims.nbDims = static_cast<std::int32_t>(shape.size());
            for (std::size_t axis = 0; axis < shape.size(); ++axis) {
                dims.d[axis] = static_cast<Extent>(shape[axis]);
            }
            require(context->setInputShape(name, dims),
                    "TensorRT refuses the shape of " + tensor.name);
            tensor.host.resize(count(dims, tensor.name) * bytesOf(tensor.type));
            fill(tensor, files);
        }
        memory.tensors.push_back(std::move(tensor));
    }
    for (auto const &file : files) {
        auto const known = std::find_if(memory.tensors.begin(), memory.tensors.end(),
                                        [&](Tensor const &tensor) {
                                            return tensor.isInput && tensor.name == file.first;
                                        });
        require(known != memory.tensors.end(), "there is no input " + file.first);
    }
    for (Tensor &tensor : memory.tensors) {
        char const *const name = tensor.name.c_str();
        if (!tensor.isInput) {
            nvinfer1::Dims const dims = context->getTensorShape(name);
            tensor.host.resize(count(dims, tensor.name) * bytesOf(tensor.type));
        }
        bool const onHost = engine->getTensorLocation(name) == nvinfer1::TensorLocation::kHOST;
        if (!onHost) {
            check(cudaMalloc(&tensor.device, std::max<std::size_t>(tensor.host.size(), 1)));
        }
        void *const address = onHost ? tensor.host.data() : tensor.device;
        require(context->setTensorAddress(name, address),
                "TensorRT refuses the memory of " + tensor.name);
        if (tensor.isInput && !onHost) {
            check(cudaMemcpyAsync(tensor.device, tensor.host.data(), tensor.host.size(),
                                  cudaMemcpyHostToDevice, memory.stream));
        }
    }
    require(context->enqueueV3(memory.stream), "TensorRT did not start the run");
    for (Tensor &tensor : memory.tensors) {
        if (!tensor.isInput && tensor.device != nullptr) {
            check(cudaMemcpyAsync(tensor.host.data(), tensor.device, tensor.host.size(),
                                  cudaMemcpyDeviceToHost, memory.stream));
        }
    }
    check(cudaStreamSynchronize(memory.stream));
    for (Tensor const &tensor : memory.tensors) {
        if (tensor.isInput) {
            continue;
        }
        std::string path = tensor.name + ".bin";
        std::replace(path.begin(), path.end(), '/', '_');
        std::ofstream(path, std::ios::binary)
            .write(tensor.host.data(), static_cast<std::streamsize>(tensor.host.size()));
        std::cout << tensor.name << ": " << tensor.host.size() << " bytes in " << path << std::endl;
    }
    return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char **argv) {
    std::map<std::string, std::string> files;
    for (int index = 1; index < argc; ++index) {
        std::string const argument = argv[index];
        std::size_t const at = argument.find('=');
        if (at == std::string::npos) {
            std::cerr << "Usage: " << argv[0] << " [INPUT=FILE ...]" << std::endl;
            return EXIT_FAILURE;
        }
        files[argument.substr(0, at)] = argument.substr(at + 1);
    }
    try {
        return run(files);
    } catch (std::exception const &error) {
        std::cerr << error.what() << std::endl;
        return EXIT_FAILURE;
    }
}
