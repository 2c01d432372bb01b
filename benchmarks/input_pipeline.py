"""Pictures per second that the input pipeline delivers, without any network: `python benchmarks/input_pipeline.py`.

Prints each pass separately: the first decodes files, later passes can come from the cache.
"""

import argparse
import time


def main():
    """Parse, read batches, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="shapes", help="cifar10, places365, folder, shapes or tfds:NAME")
    parser.add_argument("--dataset-path", default="./dataset")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--size", type=int, default=32, help="height and width")
    parser.add_argument("--cache-mb", type=int, default=2048)
    parser.add_argument("--images", type=int, default=20000, help="pictures in each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()

    from colorgan import datasets
    from colorgan.settings import config

    data = config.Data(
        dataset=arguments.dataset,
        dataset_path=arguments.dataset_path,
        height=arguments.size,
        width=arguments.size,
        cache_mb=arguments.cache_mb,
    )
    begin = time.perf_counter()
    split = datasets.load(data, "train")
    print(f"{split.description}\nopened in {time.perf_counter() - begin:.2f} s")
    batches = iter(split.training_batches(arguments.batch_size))
    with split.clear_errors():
        next(batches)
        for name in range(arguments.rounds):
            begin, cpu, count = time.perf_counter(), time.process_time(), 0
            while count < arguments.images:
                count += len(next(batches)["cursor"])
            seconds, busy = time.perf_counter() - begin, time.process_time() - cpu
            print(f"round {name}: {count / seconds:,.0f} images/s, {count / busy:,.0f} per second of one core")
    split.warn_of_bad_files()


if __name__ == "__main__":
    main()
