"""Exported programs: each is run by its own engine and compared with fnet's predictions."""

import os

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from strategies import random_params

import fnet
from fnet import Codes, Embedding, InvalidArgument, Network, reference
from fnet.core.network import ACTIVATIONS, LOSSES
from fnet.core.params import map_params
from fnet.core.scaling import Scaling
from fnet.exports import onnx_graph, onnx_network
from fnet.exports.onnx_tensors import Graph, Tensor
from fnet.reference.activations import OUTPUTS

X = np.random.default_rng(0).normal(size=(1000, 7)).astype(np.float32)
X[:, 5] = np.arange(1000) % 4  # a code for networks that have codes
X[:, 6] = np.arange(1000) % 3


def saved_model(folder, what):
    fnet.export(folder / "model", what)
    signature = tf.saved_model.load(folder / "model").signatures["serving_default"]
    return lambda x: signature(x=tf.constant(x))["prediction"].numpy()


def tflite(folder, what):
    fnet.export(folder / "model.tflite", what)
    interpreter = Interpreter(model_path=str(folder / "model.tflite"))
    return lambda x: interpreter.get_signature_runner()(x=x)["prediction"]


def onnx_file(folder, what):
    fnet.export(folder / "model.onnx", what)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    return lambda x: session.run(["prediction"], {"x": x})[0]


FORMATS = pytest.mark.parametrize("export_format", [saved_model, tflite, onnx_file])

NETWORKS = [Network((7, 9, 5, 3), name) for name in ACTIVATIONS]
NETWORKS += [Network((7, 6, 3), loss=loss) for loss in LOSSES]
NETWORKS += [
    Network((7, 3), (), output, loss="squared_error", bias=False)
    for output in (*ACTIVATIONS, "softmax")
]
NETWORKS += [
    Network((7, 6, 3), embedding=Embedding((0, 2), 3, 2), codes=codes)
    for codes in (None, Codes((5, 6), (4, 3), 2))
]
NETWORKS += [Network((7, 6, 3), codes=Codes((6,), (3,), 2))]


def close(found, wanted):
    """Equal within 1e-6 of the largest number, and of 1."""
    assert found.dtype == np.float32
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-6 * max(1, np.abs(wanted).max()))


@FORMATS
@pytest.mark.parametrize("net", NETWORKS, ids=repr)
def test_an_exported_program_predicts_like_fnet(export_format, net, tmp_path):
    rng = np.random.default_rng(1)
    blocks = reference.init_params(net, 1)[: len(net.added)]
    blocks = map_params(lambda array: array + rng.normal(size=array.shape), blocks)
    params = (*blocks, *random_params(net, (), rng))
    params = map_params(lambda array: array.astype("f4"), params)
    run = export_format(tmp_path, (net, params))
    close(run(X), reference.predict(net, params, X))
    close(run(X[:1]), reference.predict(net, params, X[:1]))  # any number of rows


class Scaled:
    """An estimator that standardizes features and targets, as plain data."""

    net = Network((7, 5, 2), loss="squared_error")
    params = reference.init_params(net, 0)

    def _plain(self):
        scaling = Scaling(
            np.arange(7.0) * 1000.1, np.arange(1.0, 8), np.array([5.0, 6]), np.array([2.0, 3])
        )
        return {"net": self.net, "params": self.params, "scaling": scaling}


@FORMATS
def test_scaling_is_part_of_the_program(export_format, tmp_path):
    fnet.save(tmp_path / "net.fnet", Scaled())
    loaded = fnet.load(tmp_path / "net.fnet")
    x = X + np.arange(7, dtype=np.float32) * 1000
    close(export_format(tmp_path, loaded)(x), loaded.predict(x))


@pytest.mark.parametrize("name", OUTPUTS)
def test_activations_have_operators_for_float64(name):
    """ONNX Runtime has not every operator of ONNX for it."""
    z = np.concatenate([np.linspace(-40, 40, 999), [-1e3, 1e-9, 70, 1e3]]).reshape(17, 59)
    graph = Graph()
    found = onnx_network.OPERATIONS[name](Tensor(graph, "z"))
    program = onnx_graph.Program(
        {"z": (np.float64, [None, 59], "")}, {"y": (found, [None, 59])}, {}
    )
    model = onnx_graph.model_of(graph, program).SerializeToString()
    [values] = onnxruntime.InferenceSession(model).run(None, {"z": z})
    tolerance = 1e-6 if name == "gelu" else 1e-12
    np.testing.assert_allclose(values, OUTPUTS[name].value(z), rtol=tolerance, atol=tolerance)


def test_signatures_have_names_and_types(tmp_path):
    net = Network((7, 5, 3))
    params = reference.init_params(net, 0, dtype="float64")
    fnet.export(tmp_path / "model", (net, params))
    found = tf.saved_model.load(tmp_path / "model").signatures
    assert set(found) == {"serving_default", "forward"}
    for name, output in (("serving_default", "prediction"), ("forward", "outputs")):
        _, named = found[name].structured_input_signature
        assert named == {"x": tf.TensorSpec([None, 7], tf.float64, name="x")}
        (spec,) = found[name].structured_outputs.items()
        assert spec == (output, tf.TensorSpec([None, 3], tf.float64, name=output))
    logits = found["forward"](x=tf.constant(X, tf.float64))["outputs"]
    np.testing.assert_allclose(logits, reference.forward(net, params, X), rtol=1e-12, atol=1e-12)


def test_the_onnx_file_describes_its_inputs_and_outputs(tmp_path):
    net = Network((7, 5, 3))
    fnet.export(tmp_path / "model.bin", (net, reference.init_params(net, 0)), format="onnx")
    graph = onnx.load(tmp_path / "model.bin").graph
    assert [value.name for value in (*graph.input, *graph.output)] == ["x", "prediction"]


@pytest.mark.parametrize("name", ["model", "model.tflite", "model.onnx"])
def test_a_run_is_exported_without_temporary_files(name, tmp_path):
    net = Network((7, 5, 3))
    plan = fnet.full_batch_plan(10, epochs=1)
    params = reference.init_params(net, 0)
    run = reference.train(net, reference.sgd(0.1), params, X[:10], np.arange(10) % 3, plan)
    fnet.export(tmp_path / name, run)
    assert os.listdir(tmp_path) == [name]


def test_an_existing_folder_is_not_replaced(tmp_path):
    net = Network((7, 5, 3))
    what = net, reference.init_params(net, 0)
    (tmp_path / "model").mkdir()
    with pytest.raises(FileExistsError, match="exists already; a SavedModel takes a new folder"):
        fnet.export(tmp_path / "model", what)
    assert os.listdir(tmp_path / "model") == []
    with pytest.raises(FileNotFoundError):
        fnet.export(tmp_path / "none" / "model.onnx", what)


def test_what_is_refused(tmp_path):
    net = Network((7, 5, 3))
    with pytest.raises(InvalidArgument, match="format must be one of saved_model, tflite, onnx"):
        fnet.export(tmp_path / "model", (net, reference.init_params(net, 0)), format="keras")
    with pytest.raises(
        InvalidArgument,
        match=r"a single network or an ensemble; these params have member axes \[2\]",
    ):
        fnet.export(tmp_path / "model", (net, reference.init_params(net, [0, 1])))
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("suffix", ["html", "onnx", "tflite"])
def test_tensors_are_written_as_the_same_arrays(tmp_path, suffix):
    net = fnet.Network((3, 2))
    arrays = fnet.reference.init_params(net, seed=0)
    tensors = [fnet.Layer(tf.constant(layer.w), tf.constant(layer.b)) for layer in arrays]
    paths = [tmp_path / f"{name}.{suffix}" for name in ("arrays", "tensors")]
    for path, params in zip(paths, (arrays, tensors), strict=True):
        fnet.export(path, (net, params))
    assert paths[0].read_bytes() == paths[1].read_bytes()
